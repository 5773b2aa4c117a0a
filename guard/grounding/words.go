package grounding

// The lists are our own, written for this package. Languages: English, German,
// French, Spanish, Italian, Portuguese, Dutch, Russian; Chinese, Japanese and
// Korean where a word has one or two characters.

const functionWords = `
the a an of to in on at by for with from as is are was were be been being am do does did done have has had having will would shall should can could may might must
and or but nor so yet if then than that this these those there here it its he she they them him her his hers their theirs we us our you your i me my mine who whom whose which what when where why how
not also just only very too such more most much many some any all each every both either neither no own same other another into onto about over under up down out off again once during while until since because
through between among against before after above below s t re ve ll d m don didn doesn isn wasn aren weren won wouldn couldn shouldn hasn haven hadn ain let's lets get got s' 's 're 've 'll 'd n't nt
well oh yes yeah yep no nope ok okay hi hello hey thanks thank please sure wow hmm actually really quite rather else ever even still already however therefore thus hence moreover furthermore according
der die das den dem des ein eine einen einem einer eines und oder aber nicht ist sind war waren wird werden wurde wurden hat haben hatte hatten im in ins am an auf aus bei bis durch fur gegen mit nach seit um unter von vor zu zum zur uber als auch dass sich es er sie wir ihr ihn ihm ihnen sein seine seiner ihre ihrer wie so nur noch schon wenn weil sehr kann konnen soll muss man dies diese dieser dieses
le la les l un une des du de d et ou mais ne pas est sont etait etaient etre a ont avait avaient au aux en dans par pour sur sous avec sans chez ce cet cette ces se s il elle ils elles on nous vous je tu que qui quoi dont ou y son sa ses leur leurs plus tres comme si
el la los las un una unos unas de del y e o u pero no es son era eran fue fueron ser esta estan estaba ha han habia al en por para con sin sobre entre se lo le les su sus que quien cual donde como mas muy si ya este esta estos estas ese esa eso
il lo la i gli le un uno una di del dello della dei degli delle e ed o ma non e' sono era erano fu furono essere ha hanno aveva al allo alla ai agli alle in nel nello nella nei negli nelle da dal dallo dalla dai per con su sul sulla tra fra si ne ci che chi cui dove come piu molto questo questa questi queste suo sua suoi sue
o a os as um uma uns umas de do da dos das e ou mas nao sao era eram foi foram ser esta estao tem tinha ao aos em no na nos nas por pelo pela para com sem sobre entre se que quem onde como mais muito ja este esta isto seu sua seus suas
de het een en of maar niet is zijn was waren wordt worden werd werden heeft hebben had hadden in op aan bij van voor met naar om uit over door tot dat die dit deze er zich ook nog als dan hij zij ze wij we hun haar zijn te
и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет это этот эта эти был были является
的 了 是 在 和 与 也 就 都 而 及 着 之 其 这 那 他 她 它 们 我 你 上 下 中 为 以 于 对 有 被 把 从 到 이 그 저 의 은 는 을 를 에 가 도 와 과 로 으 로서 하는 했다 한다 있다 했 습니 니다 입니 である です ます した する して いる ある この その
`

const negationWords = `
not no never none neither nor without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't couldn't shouldn't hasn't haven't hadn't mustn't n't ain't cant dont doesnt didnt isnt wasnt wont wouldnt couldnt hardly
nicht kein keine keinen keinem keiner keines nie niemals weder ohne ne pas jamais aucun aucune sans ni no nunca jamas ningun ninguno ninguna sin tampoco non mai nessun nessuno nessuna senza ne' nao nunca nenhum nenhuma sem nem niet geen nooit zonder noch не нет никогда ни без нельзя
不 没 無 无 非 未 别 沒 不是 没有 ない ません なかった ず 않 안 못 없
`

const aboutWords = `about around approximately roughly nearly almost circa ca c over under some more less than least up to approx etwa rund ungefahr knapp fast gut environ presque pres unos unas aproximadamente casi cerca circa quasi aproximadamente quase ongeveer bijna circa около почти примерно 约 大约 約 약`

const subjectiveWords = `i i'm i've i'd i'll im my me mine myself we'd love like think believe guess hope wish feel enjoy hate prefer favorite favourite glad sorry maybe probably perhaps opinion imagine wonder amazing awesome cool nice great interesting personally ich mir meine glaube je crois moi yo creo mi io credo eu acho ik denk я думаю`

const abbreviations = `mr mrs ms dr prof st sr jr vs etc inc ltd co corp no nr fig eq vol al approx dept est gen col sgt lt capt rev hon gov sen rep jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun p pp ed eds e.g i.e u.s u.k bzw usw ca z.b d.h bspw inkl evtl vgl abs str mio mrd hr fr sra srta avda pag núm sig sigg dott ecc pag mme mlle av art cf dhr mevr bijv enz т.д т.е г ул стр`

const titledWords = `i mr mrs ms dr prof president king queen prince the a an monday tuesday wednesday thursday friday saturday sunday god internet english ok herr frau monsieur madame señor`

const askingWords = `who whom whose what which when where why how wer was wann wo warum wie welche welcher welches qui quoi quand où pourquoi comment quel quelle quién qué cuándo dónde cómo cuál cuánto chi cosa quando dove perché come quale quanto quem qual onde wie wat wanneer waar hoe welke кто что когда где почему как сколько 谁 什么 何 哪 무엇 누구`

const numerals = `
0 zero null zéro cero nul ноль 零 〇
1 one eins un une uno una um uma een één один одна 一 ein eine
2 two zwei deux dos due dois duas twee два две 二 两 twin
3 three drei trois tres tre três drie три 三
4 four vier quatre cuatro quattro quatro четыре 四
5 five fünf cinq cinco cinque vijf пять 五
6 six sechs sei seis zes шесть 六
7 seven sieben sept siete sette sete zeven семь 七
8 eight acht huit ocho otto oito восемь 八
9 nine neun neuf nueve nove negen девять 九
10 ten zehn dix diez dieci dez tien десять
11 eleven elf onze once undici одиннадцать
12 twelve zwölf douze doce dodici doze twaalf двенадцать dozen dutzend douzaine docena dozzina
13 thirteen dreizehn treize trece tredici treze dertien тринадцать
14 fourteen vierzehn quatorze catorce quattordici veertien четырнадцать
15 fifteen fünfzehn quinze quince quindici vijftien пятнадцать
16 sixteen sechzehn seize dieciséis sedici dezesseis zestien шестнадцать
17 seventeen siebzehn diecisiete diciassette dezessete zeventien семнадцать
18 eighteen achtzehn dieciocho diciotto dezoito achttien восемнадцать
19 nineteen neunzehn diecinueve diciannove dezenove negentien девятнадцать
20 twenty zwanzig vingt veinte venti vinte twintig двадцать score
30 thirty dreißig trente treinta trenta trinta dertig тридцать
40 forty fourty vierzig quarante cuarenta quaranta quarenta veertig сорок
50 fifty fünfzig cinquante cincuenta cinquanta cinquenta vijftig пятьдесят
60 sixty sechzig soixante sesenta sessanta sessenta zestig шестьдесят
70 seventy siebzig setenta settanta zeventig семьдесят
80 eighty achtzig ochenta ottanta oitenta tachtig восемьдесят
90 ninety neunzig noventa novanta negentig девяносто
0.5 half halb halbe hälfte moitié demi mitad medio metà mezzo metade meio helft половина 半
0.25 quarter viertel quart cuarto quarto kwart четверть
2 twice doppelt
`

const scales = `
100 hundred hundreds hundert cent cien ciento cento cem honderd сто 百
1000 thousand thousands tausend mille mil mila duizend тысяча тысяч тысячи 千 천
10000 万 萬 만
1000000 million millions millionen mio millón millones milione milioni milhão milhões miljoen миллион миллионов mn
100000000 亿 億 억
1000000000 billion billions milliarde milliarden mrd milliard milliards miljard миллиард bn
1000000000000 trillion trillions billionen
`

const ordinals = `
1 first erste erster erstes ersten premier première primero primera primo prima primeiro primeira eerste первый первая
2 second zweite zweiter zweiten deuxième segundo segunda secondo seconda tweede второй вторая
3 third dritte dritter dritten troisième tercero tercera terzo terza terceiro derde третий третья
4 fourth vierte vierten quatrième cuarto quarta vierde
5 fifth fünfte fünften cinquième quinto quinta vijfde
6 sixth sechste sechsten sixième sexto sesto zesde
7 seventh siebte siebten septième séptimo settimo zevende
8 eighth achte achten huitième octavo ottavo achtste
9 ninth neunte neunten neuvième noveno nono negende
10 tenth zehnte zehnten dixième décimo decimo tiende
11 eleventh
12 twelfth
13 thirteenth
14 fourteenth
15 fifteenth
16 sixteenth
17 seventeenth
18 eighteenth
19 nineteenth
20 twentieth
`

var months = []string{
	"january february march april may june july august september october november december",
	"jan feb mar apr may jun jul aug sep oct nov dec",
	"januar februar märz april mai juni juli august september oktober november dezember",
	"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
	"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
	"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
	"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
	"januari februari maart april mei juni juli augustus september oktober november december",
	"января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
	"январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
}

var weekdays = []string{
	"monday tuesday wednesday thursday friday saturday sunday",
	"montag dienstag mittwoch donnerstag freitag samstag sonntag",
	"lundi mardi mercredi jeudi vendredi samedi dimanche",
	"lunes martes miércoles jueves viernes sábado domingo",
	"lunedì martedì mercoledì giovedì venerdì sabato domenica",
	"segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
	"maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
	"понедельник вторник среда четверг пятница суббота воскресенье",
	"mondays tuesdays wednesdays thursdays fridays saturdays sundays",
}

var dimensions = map[string]uint8{
	"percent": percent, "length": length, "mass": mass, "volume": volume, "duration": duration, "area": area, "speed": speed,
	"data": data, "energy": energy, "power": power, "celsius": celsius, "fahrenheit": fahrenheit, "kelvin": kelvin,
}

// A line is a dimension, the size in its base unit, and the words.
const units = `
percent 1 % percent pct prozent pourcent percento
percent 0.1 ‰ promille permille
length 0.000000001 nm nanometer nanometers nanometre nanometres
length 0.000001 μm µm um micrometer micrometers micrometre micron microns
length 0.001 mm millimeter millimeters millimetre millimetres millimètre millimètres milímetro milímetros millimetro millimetri миллиметр 毫米
length 0.01 cm centimeter centimeters centimetre centimetres zentimeter centimètre centimètres centímetro centímetros centimetro centimetri сантиметр 厘米
length 1 m meter meters metre metres mètre mètres metro metros metri метр метра метров 米
length 1000 km kilometer kilometers kilometre kilometres kilomètre kilomètres kilómetro kilómetros chilometro chilometri quilómetro quilômetros километр километра километров kms 公里 千米
length 0.0254 inch inches zoll pouce pouces pulgada pulgadas
length 0.3048 ft foot feet fuß pieds
length 0.9144 yd yard yards
length 1609.344 mi mile miles meile meilen milla millas miglia милля
mass 0.000001 μg µg mcg ug microgram micrograms mikrogramm
mass 0.001 mg milligram milligrams milligramm milligramme milligrammes miligramo miligramos milligrammo milligrammi миллиграмм 毫克
mass 1 g gram grams gramm gramme grammes gramo gramos grammo grammi грамм 克
mass 1000 kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos chilogrammo chilogrammi килограмм 公斤 千克
mass 1000000 tonne tonnes tonnen toneladas tonnellate 吨
mass 907184.74 ton tons
mass 28.349523 oz ounce ounces unze unzen
mass 453.59237 lb lbs pound pounds pfund
volume 0.001 ml milliliter milliliters millilitre millilitres 毫升
volume 0.01 cl
volume 1 l liter liters litre litres litro litros litri литр 升
volume 3.785411784 gal gallon gallons
volume 0.473176473 pint pints
duration 0.001 ms millisecond milliseconds millisekunde millisekunden
duration 1 sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondi секунд 秒
duration 60 min mins minute minutes minuten minuto minutos minuti минут минуты 分钟
duration 3600 h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur часов часа час 小时 時間 시간
duration 86400 day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen день дней дня 天
duration 604800 week weeks woche wochen semaine semaines semana semanas settimana settimane weken неделя недель 周 週間
duration 2629800 month months monat monate monaten mois mes meses mese mesi maand maanden месяц месяцев 个月 か月
duration 31557600 yr yrs year years jahr jahre jahren an ans année années año años anno anni ano anos jaar jaren год года лет
duration 315576000 decade decades jahrzehnt jahrzehnte
duration 3155760000 century centuries jahrhundert jahrhunderte siècle siècles siglo siglos secolo secoli século
area 10000 ha hectare hectares hektar
area 4046.8564 acre acres
speed 0.2777778 kmh kph
speed 0.44704 mph
speed 0.514444 knots knot
data 1 byte bytes
data 1000 kb kilobyte kilobytes
data 1000000 mb megabyte megabytes
data 1000000000 gb gigabyte gigabytes
data 1000000000000 tb terabyte terabytes
data 1024 kib
data 1048576 mib
data 1073741824 gib
energy 1 j joule joules
energy 1000 kj kilojoule kilojoules
energy 4.184 cal calorie calories
energy 4184 kcal
energy 3600000 kwh
power 1 w watt watts
power 1000 kw kilowatt kilowatts
power 1000000 mw megawatt megawatts
power 1000000000 gw gigawatt gigawatts
power 745.7 hp horsepower
celsius 1 celsius c
fahrenheit 1 fahrenheit f
kelvin 1 kelvin
`

var currencies = []string{
	"$ dollar dollars usd dólar dólares dollari",
	"€ euro euros eur",
	"£ gbp sterling quid",
	"¥ yen jpy yuan cny",
	"₹ rupee rupees inr",
	"chf franken francs franc",
	"cents cent",
	"rubles ruble rub рублей рубль",
}

// A line is two poles.
const antonyms = `
increase increased increases increasing rise rises rose rising grow grows grew growing gain gains gained climb climbed up zunehmen gestiegen steigt augmenter augmente augmenté aumentar aumenta aumentó crescere cresce | decrease decreased decreases decreasing fall falls fell falling shrink shrinks shrank decline declined declines declining drop dropped drops reduce reduced reduces down abnehmen gesunken sinkt diminuer diminue diminué disminuir disminuye disminuyó diminuire
more höher mehr plus más più mais meer больше 多 | less fewer weniger moins menos meno minder меньше 少
higher greater bigger larger größer supérieur mayor maggiore maior groter выше 高い | lower smaller lesser kleiner niedriger inférieur menor minore kleiner ниже 低い
high large big great huge hoch groß grand haut grande alto высокий 高 大 | low small little tiny niedrig klein petit bas pequeño bajo piccolo basso pequeno baixo низкий 低 小
highest largest biggest greatest höchste größte maximum | lowest smallest least niedrigste kleinste minimum
before prior earlier preceding vor avant antes prima voor до 前 | after later following subsequent nach après después dopo depois na после 後 后
first erste premier | last final letzte dernier
early früh tôt temprano presto cedo vroeg | late spät tard tarde tardi laat
above over oben über oberhalb | below under beneath unten unter unterhalb
north northern norden nord norte | south southern süden sud sur sul
east eastern osten oriental | west western westen occidental
left links gauche izquierda sinistra esquerda | right rechts droite derecha destra direita
open opened opens opening offen geöffnet ouvert abierto aperto aberto | closed close closes closing shut geschlossen fermé cerrado chiuso fechado
allow allowed allows allowing permit permitted permits enable enabled enables erlaubt erlauben permis permitido permesso | forbid forbidden forbids prohibit prohibited prohibits ban banned bans prevent prevents prevented disable disabled disables verboten interdit prohibido vietato proibido
legal lawful legally légal | illegal unlawful illegally illégal ilegal illegale
possible able capable möglich | impossible unable incapable unmöglich
true correct right accurate wahr richtig vrai verdadero vero | false incorrect wrong inaccurate falsch faux falso
safe secure sicher | unsafe dangerous insecure hazardous gefährlich dangereux peligroso pericoloso
success succeed succeeded succeeds successful successfully | fail failed fails failure unsuccessful unsuccessfully failing
win won wins winning victory winner | lose lost loses losing defeat loser
accept accepted accepts approve approved approves agree agreed agrees | reject rejected rejects refuse refused refuses deny denied denies disagree disagreed
include included includes including contain contains | exclude excluded excludes excluding omit omits
begin began begins begun start started starts starting | end ended ends ending finish finished stop stopped stops
buy bought buys buying purchase purchased | sell sold sells selling
give gave gives given send sent sends | receive received receives take took takes
enter entered enters arrive arrived arrives join joined joins | leave left leaves exit exited depart departed
import imported imports | export exported exports
hot warm heiß warm chaud caliente caldo | cold cool kalt froid frío freddo
good better best gut bon bueno buono bom | bad worse worst poor schlecht mauvais malo cattivo
strong stronger strongest stark fort fuerte forte | weak weaker weakest schwach faible débil debole
fast faster fastest quick quickly schnell rapide rápido veloce | slow slower slowest slowly langsam lent lento
old older oldest ancient alt vieux viejo vecchio | new newer newest young younger youngest modern neu jung nouveau jeune nuevo joven nuovo giovane
long longer longest lang | short shorter shortest brief kurz court corto
rich wealthy reich riche rico ricco | poor arm pauvre pobre povero
public öffentlich publique público pubblico | private privat privé privado privato
present | absent missing
alive living lived lebendig | dead died dies deceased tot mort muerto morto
married | unmarried single divorced
male man men boy boys father son brother husband king mann homme hombre uomo homem | female woman women girl girls mother daughter sister wife queen frau femme mujer donna mulher
positive | negative
active | inactive passive
internal inside inner interior | external outside outer exterior
major | minor
common commonly frequent frequently usual | rare rarely uncommon unusual infrequent
always ever | never
known famous | unknown obscure
easy easily easier simple einfach facile fácil | difficult hard harder complex schwierig difficile difícil
optional voluntary freiwillig | mandatory required compulsory obligatory pflicht obligatoire obligatorio
love loves loved like likes liked | hate hates hated dislike dislikes disliked
full | empty
wide broad | narrow
deep | shallow
heavy | light
dry | wet
clean | dirty
same identical equal similar | different distinct unequal
majority | minority
maximum | minimum
improve improved improves better | worsen worsened worsens deteriorate deteriorated
support supported supports supporting | oppose opposed opposes opposing
create created creates build built builds | destroy destroyed destroys demolish demolished
connected attached linked | disconnected detached separate
dependent | independent
complete completed finished | incomplete unfinished partial
visible | invisible hidden
expensive | cheap inexpensive
healthy | unhealthy sick ill
likely | unlikely
necessary | unnecessary
able | unable
`

const comparatives = `more less fewer higher lower greater smaller larger bigger older younger faster slower better worse before after above below than earlier later longer shorter stronger weaker taller mehr weniger größer kleiner plus moins más menos più meno`

// A line is words that stand for each other often enough; the first gives the
// key.
const synonyms = `
movie film films movies picture
buy buys bought buying purchase purchased purchases purchasing
begin begins began begun beginning start starts started starting commence commenced
end ends ended ending finish finished finishes conclude concluded
build builds built building construct constructed constructs construction
show shows showed shown showing display displayed displays
make makes made making create created creates produce produced produces
get gets got obtain obtained obtains acquire acquired acquires
give gives gave given provide provided provides
say says said state stated states
tell tells told
write writes wrote written writing author authored
big large huge bigger larger biggest largest
small little tiny smaller smallest
doctor physician physicians doctors
child children kid kids
person people persons
company companies firm firms corporation business
country countries nation nations
city cities town towns
car cars automobile automobiles vehicle vehicles
job jobs work works occupation profession employment
use uses used using utilize utilized employ employs
need needs needed require required requires
help helps helped assist assisted aid aids
happen happens happened occur occurred occurs
live lives lived living reside resides resided
die dies died death deaths dead dying deceased
win wins won winning
lose loses lost losing
know knows knew known
come comes came coming
go goes went gone going
see sees saw seen seeing
find finds found finding discover discovered discovers
think thinks thought
become becomes became
grow grows grew grown growing
run runs ran running
lead leads led leading
hold holds held holding
keep keeps kept
leave leaves leaving depart departed
send sends sent
teach teaches taught
speak speaks spoke spoken
take takes took taken taking
sing sings sang sung singer singers
play plays played playing player players
eat eats ate eaten eating
fight fights fought fighting
choose chooses chose chosen select selected selects pick picked
fall falls fell fallen
rise rises rose risen
marry married marries marriage wed
found founded founder founders establish established establishes
locate located location situated
include includes included including contain contains contained
call calls called name named names titled
kill kills killed murder murdered slay
popular popularity famous
begin
usa america american americans
uk britain british
tv television
approximately about
often frequently usually
important significant major key
main primary principal
same identical
different various
many numerous several
part parts portion
area region regions areas zone
year years annual annually yearly
month months monthly
week weeks weekly
day days daily
money cash funds
price prices cost costs
money
pay pays paid payment salary wage
attempt attempts attempted try tries tried
allow allows allowed permit permits permitted
stop stops stopped cease ceased halt
change changes changed alter altered modify modified
receive receives received
increase increases increased
decrease decreases decreased reduce reduced
disease illness sickness
medicine medication medications drug drugs
symptom symptoms sign signs
university college
school schools
children
team teams club squad
game games match matches
song songs track
album albums
direct directed directs director directors
star stars starred starring
release released releases
publish published publishes publication
invent invented invents inventor invention
base based bases
originate originated origin originally
consist consists comprise comprises
`

"""Texts of our own with the ids that the package's tokenizer gives them, for the
tests of the Go tokenizer. Nothing of a data set is in them."""

import gzip
import json
import random

SENTENCES = """The ferry leaves at nine and comes back before dark.
Please summarise the attached minutes in three bullet points and say who does what by when.
Wie lange muss ein Sauerteigbrot im Ofen bleiben, wenn es außen knusprig werden soll?
Die Straßenbahn fährt heute wegen Bauarbeiten über den Rotkreuzplatz.
Le jardin est fermé le lundi, sauf s'il pleut à verse depuis l'aube.
Où avez-vous rangé les clés de l'atelier ?
¿Dónde puedo cambiar dinero cerca de la estación, señora?
El niño comió piña y después durmió toda la tarde.
Il treno per Milano parte dal binario quattro con venti minuti di ritardo.
Perché nessuno ha annaffiato le piante del terrazzo?
A reunião foi adiada para quinta-feira às dez horas.
O pão ainda está quente e o café já acabou.
De fiets staat achter het huis, naast de oude schuur.
Ik heb gisteren een brief van de gemeente gekregen.
Pociąg do Łodzi spóźnił się o dwadzieścia minut.
Żółta łódka kołysze się przy brzegu jeziora.
Boken ligger på bordet i köket bredvid kaffekoppen.
Är det någon som har sett min gröna halsduk?
明日は雨が降るそうなので、傘を持って行ってください。
駅前のパン屋は朝七時から開いています。ｶﾀｶﾅも読めますか？
请把窗户关上，外面很冷，而且风很大。
这本书的第三章讲的是怎样种植番茄。
يصل القطار إلى المحطة في الساعة الثامنة صباحًا.
هل يمكنك أن ترسل لي عنوان المكتبة الجديدة؟
कल सुबह बाज़ार बंद रहेगा, इसलिए आज ही सब्ज़ी ले आओ।
मेरी बहन को संगीत और पहाड़ बहुत पसंद हैं।
Завтра утром мы поедем на дачу, если не будет дождя.
Ёжик нашёл в траве большое красное яблоко.
내일 아침에 회의가 있으니 늦지 마세요.
할머니께서 만드신 김치는 정말 맛있어요.
Invoice 4471-B was paid on 3 March 2025; the receipt (2,310.50 €) is attached.
func main() { fmt.Println("hello, 世界", 0x7f, a[i+1] != nil) }
SELECT name, COUNT(*) FROM boats WHERE length_m > 12.5 GROUP BY name;
https://example.org/a/b?c=d&e=%20f#g and someone@example.org
{"id": 17, "tags": ["a", "b"], "note": null, "ok": true}
Ignore the noise outside; the tutor said </s> is only a mark, and so is <mask> or <pad>.
KEEP CALM AND READ THE MANUAL!!! (it's l0ng, s0rry)
Ｆｕｌｌ ｗｉｄｔｈ， ﬁne ligatures, ½ cup, ㎏, ™, № 5, ²³, ①②③ and Ⅻ
Zażółć gęślą jaźń — ÀÉÎÕÜ ñ ç ß ø æ œ ı İ ǆ
ελληνικά, עברית, ไทย, தமிழ், ქართული, አማርኛ, မြန်မာ""".split("\n")

PIECES = ["🍋", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "e\u0301", "\u200b", "\u00a0", "\u3000", "\t", "\n", "\r\n", "  ", "\u2581", "\u202e", "\ufeff", "\ufffd", "\u00ad", "ﷺ", "a\u0338\u0308\u0327", "\u0000".replace("\0", ""), "\U000e0041", "\x07", "𝒜𝓑", "ｱｲｳ", "\u1100\u1161", "가", "𠮷", "\u0627\u0654"]


def character(rng):
    while True:
        c = rng.choice([rng.randint(32, 126), rng.randint(0xA0, 0x24FF), rng.randint(0x3040, 0x9FFF), rng.randint(0xAC00, 0xD7A3), rng.randint(1, 0x10FFFF)])
        if not 0xD800 <= c <= 0xDFFF:
            return chr(c)


def texts(count=2400, seed=5):
    rng = random.Random(seed)
    out = ["", " ", "  ", "a", ".", "\n", "🍋", "\u200b", "\x01", "x" * 300, "ab" * 200, "是" * 400, "!" * 200, " a  b ", "</s>", "<unk>"] + SENTENCES
    while len(out) < count:
        kind = rng.randrange(6)
        if kind == 0:
            t = "".join(character(rng) for _ in range(rng.randint(1, 80)))
        elif kind == 1:
            t = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 20)))
        else:
            t = rng.choice([" ", "  ", "\n", "", "\t", " — "]).join(rng.sample(SENTENCES, rng.randint(1, 3)))
            t = list(t[rng.randrange(len(t) // 2) :] if kind == 2 else t)
            for _ in range(rng.randint(0, 12) if kind != 5 else 0):
                t.insert(rng.randrange(len(t) + 1), rng.choice([rng.choice(PIECES), character(rng), rng.choice(t or ["x"])]))
            if kind == 4:
                rng.shuffle(t)
            t = "".join(t)
        out.append(t)
    return out


def write(path, engine):
    """engine runs the cut vocabulary."""
    with gzip.GzipFile(path, "wb", mtime=0) as f:
        for t in texts():
            f.write(json.dumps(dict(text=t, ids=engine.ids(t).tolist()), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

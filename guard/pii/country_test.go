package pii_test

import (
	"slices"
	"testing"

	"sallyport/guard/normalize"
	"sallyport/guard/pii"
)

// TestCountries: a made-up number of every country, in a sentence, and the same
// with one digit changed where a check digit would notice.
func TestCountries(t *testing.T) {
	tests := []struct{ before, number, wrong, kind string }{
		{"CNPJ ", "11.222.333/0001-81", "11.222.333/0001-82", pii.BrazilianCNPJ},
		{"our ABN is ", "51 824 753 556", "51 824 753 557", pii.AustralianABN},
		{"ACN ", "004 085 616", "004 085 617", pii.AustralianACN},
		{"Medicare no ", "2123 45670 1", "2123 45671 1", pii.AustralianMedicare},
		{"UID ", "ATU13585627", "ATU13585628", pii.AustrianVAT},
		{"Rijksregisternummer ", "85.07.30-033.28", "85.07.30-033.29", pii.BelgianNational},
		{"btw ", "BE0428759497", "BE0428759498", pii.BelgianVAT},
		{"EGN ", "7523169263", "7523169264", pii.BulgarianEGN},
		{"AHV ", "756.9217.0769.85", "756.9217.0769.86", pii.SwissAHV},
		{"RUT ", "12.345.678-5", "12.345.678-6", pii.ChileanRUT},
		{"ID ", "11010519491231002X", "110105194912310021", pii.ChineseID},
		{"OIB ", "33392005961", "33392005962", pii.CroatianOIB},
		{"rodne cislo ", "736028/5163", "736028/5164", pii.CzechPersonal},
		{"CPR ", "211062-5629", "", pii.DanishCPR},
		{"isikukood ", "37605030299", "37605030298", pii.EstonianCode},
		{"asmens kodas ", "33309240064", "33309240065", pii.LithuanianCode},
		{"hetu ", "131052-308T", "131052-308U", pii.FinnishID},
		{"numero fiscal ", "3023217600053", "3023217600054", pii.FrenchTax},
		{"TVA ", "FR40303265045", "FR41303265045", pii.FrenchVAT},
		{"USt-IdNr ", "DE136695976", "DE136695977", pii.GermanVAT},
		{"Sozialversicherungsnummer ", "15070649C103", "15070649C104", pii.GermanSocial},
		{"AFM ", "094259216", "094259217", pii.GreekTax},
		{"HKID ", "A123456(3)", "A123456(4)", pii.HongKongID},
		{"adoazonosito jel ", "8071592153", "8071592154", pii.HungarianTax},
		{"PPSN ", "1234567FA", "1234567GA", pii.IrishPPS},
		{"teudat zehut ", "123456782", "123456783", pii.IsraeliID},
		{"partita IVA ", "00743110157", "00743110158", pii.ItalianVAT},
		{"My Number ", "123456789018", "123456789019", pii.JapaneseMyNumber},
		{"RRN ", "900101-1234568", "900101-1234569", pii.KoreanRRN},
		{"MyKad ", "800101-14-5678", "801301-14-5678", pii.MalaysianID},
		{"BTW ", "NL004495445B01", "", pii.DutchVAT},
		{"IRD ", "49091850", "49091851", pii.NewZealandIRD},
		{"NHI ", "ZZZ0016", "", pii.NewZealandHealth},
		{"fodselsnummer ", "11077941012", "11077941013", pii.NorwegianID},
		{"NIP ", "5261040828", "5261040829", pii.PolishNIP},
		{"REGON ", "123456785", "123456786", pii.PolishREGON},
		{"NIF ", "123456789", "123456780", pii.PortugueseNIF},
		{"CNP ", "1960523460016", "1960523460017", pii.RomanianCNP},
		{"personnummer ", "811218-9876", "811218-9875", pii.SwedishID},
		{"EMSO ", "0101006500006", "0101006500007", pii.SlovenianEMSO},
		{"Thai ID ", "1-1017-00230-70-8", "1-1017-00230-70-9", pii.ThaiID},
		{"TC kimlik ", "10000000146", "10000000147", pii.TurkishID},
		{"SA ID ", "8001015009087", "8001015009088", pii.SouthAfricanID},
		{"licence ", "MORGA753116SM9IJ", "", pii.UKLicence},
		{"UTR ", "1234567890", "", pii.UKTaxpayer},
		{"Taiwan national ID ", "A123456789", "A123456780", pii.TaiwanID},
		{"DEA number ", "AB1234563", "AB1234564", pii.DEANumber},
		{"MBI ", "1EG4-TE5-MK73", "", pii.MedicareID},
		{"VIN ", "1M8GDM9AXKP042788", "1M8GDM9A1KP042788", pii.VIN},
		{"CURP ", "HEGG560427MVZRRL04", "", pii.CURP},
		{"SWIFT ", "DEUTDEFF500", "", pii.SWIFTCode},
		{"sort code ", "20-00-00", "", pii.SortCode},
		{"CVV ", "123", "", pii.CVV},
		{"expires ", "09/27", "", pii.ExpirationDate},
		{"GPS ", "48.8583, 2.2945", "", pii.GPSCoordinates},
		{"pay to ", "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae", "", pii.CryptoWallet},
		{"born ", "4 May 1981", "", pii.DateOfBirth},
		{"geboren am ", "04.05.1981", "", pii.DateOfBirth},
		{"the visit of ", "12 March 2021", "", pii.Date},
		{"she is ", "34 years old", "", pii.Age},
		{"name,born\nx,", "1969-11-20", "", pii.DateOfBirth},
		{"a,", "9/10/1963", "", pii.Date},
		{"log in with password ", "UAum*%jUqTf", "", pii.Password},
		{"the login for staging is ", "jo.x42", "", pii.Username},
		{"username: ", "jo_miller7", "", pii.Username},
		{"n. de afiliacion de la Seguridad Social ", "281234567840", "281234567841", pii.SpanishSocial},
	}
	for _, tt := range tests {
		text := tt.before + tt.number + " is here"
		if !finds(text, tt.kind, tt.number) {
			t.Errorf("Find(%q) = %+v, want %s", text, pii.Find(text), tt.kind)
		}
		if tt.wrong == "" {
			continue
		}
		if text := tt.before + tt.wrong + " is here"; finds(text, tt.kind, tt.wrong) {
			t.Errorf("Find(%q) has a %s whose check digit is wrong", text, tt.kind)
		}
	}
}

func finds(text, kind, part string) bool {
	for _, e := range pii.Find(text) {
		if e.Type == kind && text[e.Span.Start:e.Span.End] == part {
			return true
		}
	}
	return false
}

func TestManyTypes(t *testing.T) {
	if n := len(pii.Types()); n < 45 {
		t.Errorf("%d types", n)
	}
}

func TestSecretsOfAzure(t *testing.T) {
	key := "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tqK1abcdefghijklmnopqrstuv=="
	tests := []struct{ text, kind, want string }{
		{"DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + key, pii.AzureStorageKey, key},
		{"AccountEndpoint=https://x.documents.azure.com:443/;AccountKey=" + key, pii.AzureCosmosKey, key},
		{"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=" + key[:43] + "=", pii.AzureServiceBus, key[:43] + "="},
		{"HostName=x.azure-devices.net;DeviceId=d;SharedAccessKey=" + key[:43] + "=", pii.AzureIoT, key[:43] + "="},
		{"x.redis.cache.windows.net:6380,password=" + key[:43] + "=,ssl=True", pii.AzureRedis, key[:43] + "="},
		{"Server=tcp:db.example;Database=d;User ID=u;Password=s3cret!x;", pii.SQLConnection, "s3cret!x"},
	}
	for _, tt := range tests {
		if !finds(tt.text, tt.kind, tt.want) {
			t.Errorf("Find(%q) = %+v, want %s", tt.text, pii.Find(tt.text), tt.kind)
		}
	}
}

// TestInsideAnAddress: what is surer than the address of the net around it is
// found in it, and the address keeps the rest.
func TestInsideAnAddress(t *testing.T) {
	tests := []struct{ text, kind, want string }{
		{"see https://pay.example/charge?card=4111111111111111&x=1", pii.CreditCard, "4111111111111111"},
		{"see https://pay.example/4111111111111111/x", pii.CreditCard, "4111111111111111"},
		{"see https://shop.example/u/jo@mail.example/orders", pii.Email, "jo@mail.example"},
		{"postgres://app_user7:Wint3r!@203.0.113.9:5432/prod", pii.Password, "Wint3r!"},
		{"postgres://app_user7:Wint3r!@203.0.113.9:5432/prod", pii.Username, "app_user7"},
		{"postgres://app_user7:a^b|#c?D@db.example/prod", pii.Password, "a^b|#c?D"},
		{"postgres://app_user7:Wint3r!@203.0.113.9:5432/prod", pii.IPAddress, "203.0.113.9"},
		{"see https://pay.example/charge?card=4111111111111111&x=1", pii.URL, "https://pay.example/charge?card="},
	}
	for _, tt := range tests {
		if !finds(tt.text, tt.kind, tt.want) {
			t.Errorf("Find(%q) = %+v, want %s %q", tt.text, pii.Find(tt.text), tt.kind, tt.want)
		}
	}
	if got := pii.Find("see https://tel.example/555-010-9999/list"); len(got) != 1 || got[0].Type != pii.URL {
		t.Errorf("a number that may be anything cuts the address: %+v", got)
	}
}

// TestFalseAlarms are complaints that users of other tools made.
func TestFalseAlarms(t *testing.T) {
	for _, text := range []string{
		"INTRODUCTORY NOTE", "See section H1 of the introductory chapter.", "the public key and the public licence", "cHVibGljIGtleSBpcyBub3QgYSBsaWNlbmNl", "-0.96", "the value is -0.96 today", "1234567", "12",
		"The files are in S3, the cluster runs on EKS, the diagram is C4.", "[INFO] 12:30:01 worker-3 finished in 120 ms", "ERROR 500 at line 42", "May I ask a question?", "Will it rain?", "Mark it as done.",
		"The Paris Agreement was signed.", "part no. 731-90-3641-X", "Take Ibuprofen 400 mg.", "Installation Guide", "Table of Contents", "version 4.7.34.4411", "commit 3055cd5afeab8f176bbe872bb47f1a20df98858d",
		"Parkinson's disease", "In March we will see.", "Monday is fine.", "The Boolean is true in Python.", "see Figure 3 and Table 12", "dGhpcyBpcyBhIGxvbmcgYmFzZTY0IHN0cmluZyB3aXRob3V0IGFueXRoaW5n", "The Great Reset Button is red.",
		"Die Rechnung der Firma ist im Anhang.", "Le contrat est prêt.", "La factura está pagada.", "ISO 9001 and RFC 2616 and SHA-256", "const userName = getUser();", "public class Order extends Base {}", "As a result, the rate falls.",
		"room 958, floor 7", "call log: 2007-03-23 18:43:36", "listens on 0.0.0.0:4000 and 127.0.0.1", "user_id = request.headers.get(name)", "netmask 255.255.255.0", "the password re-set page", "flight BA228", "order #86589487", "$4,092,149.90", "ISBN 978-3-16-148410-0", "error 0xBD8B7AB6", "5c6bcc0d-088e-2768-c622-6da8230d8475", "the year 2024", "chapter 12, verse 4", "今天天气很好, 先生您好", "東京の天気はどうですか", "同様に", "このように仕様を確認する", "多様性", "王様", "10 people aged well",
	} {
		if got := pii.Find(text); len(got) > 0 {
			t.Errorf("Find(%q) = %+v, want nothing", text, got)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct{ text, kind, want string }{
		{"Hello, my name is Katarzyna Wysocka and I need help.", pii.Person, "Katarzyna Wysocka"},
		{"my name is priya raman and i need help", pii.Person, "priya raman"},
		{"Please call Mr. Thornbury back.", pii.Person, "Thornbury"},
		{"Mein Name ist Gudrun Petersen.", pii.Person, "Gudrun Petersen"},
		{"Bonjour, je m'appelle Amandine Girard.", pii.Person, "Amandine Girard"},
		{"Me llamo Íñigo Etxeberria.", pii.Person, "Íñigo Etxeberria"},
		{"Mi chiamo Ludovica Ferraris.", pii.Person, "Ludovica Ferraris"},
		{"Meu nome é Thiago Figueiredo.", pii.Person, "Thiago Figueiredo"},
		{"Mijn naam is Sjoerd Hoekstra.", pii.Person, "Sjoerd Hoekstra"},
		{"Nazywam się Zbigniew Malinowski.", pii.Person, "Zbigniew Malinowski"},
		{"Jag heter Göran Sjöblom.", pii.Person, "Göran Sjöblom"},
		{"Jeg hedder Bente Kjærsgaard.", pii.Person, "Bente Kjærsgaard"},
		{`{"name": "Ann-Marie O'Dowd", "id": 7}`, pii.Person, "Ann-Marie O'Dowd"},
		{"She works at Harrowgate Insurance Ltd.", pii.Organization, "Harrowgate Insurance Ltd"},
		{"We moved to Salzburg last year.", pii.Location, "Salzburg"},
		{"我叫王小明, 住在上海", pii.Person, "王小明"},
		{"请联系李建国先生", pii.Person, "李建国"},
		{"姓名：陈静", pii.Person, "陈静"},
		{"名前は佐藤健太です", pii.Person, "佐藤健太"},
		{"田中さんに電話してください", pii.Person, "田中"},
		{"山本花子様", pii.Person, "山本花子"},
		{"Send it to 14 Alder Road, Bristol.", pii.Address, "14 Alder Road, Bristol"},
		{"Ich wohne in der Lindenstraße 12, 50674 Köln.", pii.Address, "Lindenstraße 12, 50674 Köln"},
	}
	for _, tt := range tests {
		if !finds(tt.text, tt.kind, tt.want) {
			t.Errorf("Find(%q) = %+v, want %s %q", tt.text, pii.Find(tt.text), tt.kind, tt.want)
		}
	}
}

// TestKindsOfPeople are found when all is asked for only.
func TestKindsOfPeople(t *testing.T) {
	text := "The nurse called the Rechtsanwalt on 2025-03-01."
	if got := pii.Find(text); len(got) != 0 {
		t.Errorf("unasked: %+v", got)
	}
	var types []string
	for _, e := range pii.FindAll(normalize.Normalize(text)) {
		if e.Score >= pii.Weak {
			t.Errorf("%+v is not weak", e)
		}
		types = append(types, e.Type)
	}
	if !slices.Equal(types, []string{pii.PersonType, pii.PersonType, pii.Date}) {
		t.Errorf("found %v", types)
	}
}

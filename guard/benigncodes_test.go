package guard_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"sallyport/guard/normalize"
)

// codes are ordinary texts that look like disguises: what views make of them must
// not alarm.
var codes = []string{
	"Part A1B2-77X of order 4500012345 goes to bay 3, part Z9Y8-11Q to bay 7.",
	"Serials: 5CG1234XYZ, 8H0R3L4X, 2T1K9B7, S0M3-1D-4U, C0FF33-B4R, D34D-B33F.",
	"commit 3f2a9c1b7e5d4f6a8b9c0d1e2f3a4b5c6d7e8f90 fixes the login page",
	"sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 matches",
	"The request 550e8400-e29b-41d4-a716-446655440000 took 35 ms.",
	"![logo](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)",
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
	"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\nq9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n-----END PUBLIC KEY-----",
	"apiVersion: v1\nkind: Secret\ndata:\n  user: " + base64.StdEncoding.EncodeToString([]byte("reporting-service")) + "\n  note: " + base64.StdEncoding.EncodeToString([]byte("rotated by the platform team in March")),
	"Body (base64): " + base64.StdEncoding.EncodeToString([]byte("Dear team, the lunch on Friday is at noon in the garden. Please bring a salad.")),
	"Packet dump: " + hex.EncodeToString([]byte("GET /index.html HTTP/1.1 Host: www.example.org")),
	"00000000  48 65 6c 6c 6f 20 66 72  6f 6d 20 74 68 65 20 67  |Hello from the g|\n00000010  61 72 64 65 6e 20 63 6c  75 62 0a                 |arden club.|",
	"The U.S., the U.K. and the E.U. met; J. R. R. Tolkien, C. S. Lewis and G. K. Chesterton wrote.",
	"Choose A, B, C, D or E. Grades: A B C D E F. Blood groups: A, B, AB, O.",
	"H E L L O   W E L C O M E   T O   O U R   S A L E",
	"S.O.S. was sent as ... --- ... on the old radio.",
	"| Day | Early | Late |\n| --- | --- | --- |\n| Mon | Brown | Patel |\n| Tue | Klein | Singh |",
	"Readings: 98 97 101 103 96 95 94 99 100 102 104 98 97 96 99 101 105 108 111 114 116",
	"Bits: 00110101 11100011 10101010 01010101 11001100 00110011 11110000 00001111",
	"Callsign: alfa bravo seven, taxi to gate november four via kilo, hold short of runway two.",
	"ROT13 turns a into n; it is a toy, like the Caesar cipher of three.",
	"می\u200cخواهم فردا گزارش پروژه را برای همکارانم بفرستم؛ لطفاً آن را کوتاه کنید.",
	"कृपया कल की बैठक का विवरण भेजें और सभी सदस्यों को सूचित करें।",
	"الرجاء إرسال محضر الاجتماع إلى جميع الأعضاء قبل يوم الخميس.",
	"Παρακαλώ στείλτε τα πρακτικά της συνεδρίασης σε όλα τα μέλη πριν την Πέμπτη.",
	"Пожалуйста, пришлите протокол собрания всем участникам до четверга, файл README тоже.",
	"Vui lòng gửi biên bản cuộc họp cho tất cả thành viên trước thứ Năm.",
	"Proszę wysłać protokół ze spotkania do wszystkich członków przed czwartkiem.",
	"Lütfen toplantı tutanağını perşembeden önce bütün üyelere gönderin.",
	"Kérjük, küldje el a jegyzőkönyvet minden tagnak csütörtök előtt, és hívja fel az irodát.",
	"Ysgrifennwch at y pwyllgor cyn dydd Iau, a dewch â'ch llyfrau gyda chi i'r cyfarfod nesaf.",
	"请在星期四之前把会议记录发给所有成员。",
	"木曜日までに議事録を全員に送ってください。ＡＢＣ会議室は３階です。",
	"!function(e,t){\"object\"==typeof exports&&\"undefined\"!=typeof module?t(exports):t((e=e||self).App={})}(this,function(e){\"use strict\";var n=\"a\"+\"b\",r=[\"x\",\"y\"].join(\"-\");e.run=function(o){return o?n+r:null}});",
	"var greeting = 'Good ' + 'morning, ' + name + '!'; console.log(\"Total: \" + total + ' items');",
	"a = \"north\"\nb = \"south\"\nprint(a + \" and \" + b)",
	"panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/app/main.go:17 +0x1d\nexit status 2",
	"Traceback (most recent call last):\n  File \"app.py\", line 12, in <module>\n    main()\nKeyError: 'customer_id'",
	"<div class=\"card\"><h2>Opening hours</h2><!-- start of list --><ul><li>Mon&nbsp;9&ndash;17</li></ul><img src=\"a.png\" alt=\"The entrance of the library in spring\"></div>",
	"<div hidden><label for=q>Search the catalogue by title or author</label></div>",
	"Read [the guide](https://docs.example.org/guide \"How to book a room in our building\") first.",
	"https://example.org/search?q=summer%20party&lang=en&utm_source=news%2Fletter",
	"{\"text\":\"Caf\\u00e9 cr\\u00e8me, na\\u00efve\\nand d\\u00e9j\\u00e0 vu\",\"role\":\"user\"}",
	"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\nDie Sitzung beginnt um 9 Uhr und endet um 12 Uhr, sagt das B=C3=BCro.=\n",
	"xn--mnchen-3ya.de and xn--bcher-kva.example are domains with umlauts.",
	"⠋ building… ⠙ building… ⠹ building… ⠸ done",
	"🇩🇪 🇫🇷 🇮🇹 🇪🇸 are playing, 🏴󠁧󠁢󠁷󠁬󠁳󠁿 is out. 👨‍👩‍👧 welcome ❤️",
	"pay, play, stay, away, today, Monday, Friday and Sunday: we say them every day",
	strings.Repeat("ACGTTGCAAC", 20),
	"MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVVHSLAKWKRQTLGQHDFSAGEGLYTHMKALRPDEDRLSPLHSVYVDQWDWE",
}

func TestCodesPass(t *testing.T) {
	for _, s := range codes {
		if got := judge(s); len(got) > 0 {
			t.Errorf("%.100q is stopped: %v", s, got)
			for k, v := range normalize.Normalize(s).Views() {
				t.Logf("  %s: %.200q %v", k, v.Text, judge(v.Text))
			}
		}
	}
}

package pii

import (
	"strings"
	"unicode/utf8"
)

// Chinese and Japanese write no spaces and have no capitals: names are found
// where a word says that one stands there and a common surname begins it.
const surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤張劉陳楊黃趙吳孫馬鄭謝許韓馮鄧蕭葉蘇魏呂盧鍾譚陸"

var japanese = func() map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Fields("佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 清水 山崎 阿部 池田 橋本 山下 石川 中島 前田 藤田 後藤 小川 岡田 長谷川 村上 近藤 石井 遠藤 斉藤 坂本 青木 藤井 西村 福田 太田 三浦 藤原 松田 岡本 中川 中野 原田 小野 田村 竹内 金子 和田 中山 石田 上田 森田 柴田 酒井 工藤 横山 宮崎 宮本 内田 高木 安藤 谷口 大野 丸山 今井 河野 藤本 村田 武田 上野 杉山 増田 平野 大塚 千葉 久保 松井 小島 岩崎 桜井 野口 松尾 野村 木下 菊地 佐野 大西 杉本 新井 浜田 菅原 市川 水野 小松 島田 古川 小山 東") {
		m[s] = true
	}
	return m
}()

// What stands before a name, and what stands behind one.
var (
	cjkBefore = []string{"姓名是", "姓名:", "姓名: ", "我叫", "名字叫", "名字是", "联系人:", "联系人: ", "患者:", "患者: ", "客户:", "客户: ", "氏名:", "氏名: ", "名前は", "名前:", "名前: ", "担当:", "担当: ", "申请人:", "申请人: ", "私は"}
	cjkBehind = []string{"先生", "女士", "小姐", "さん", "様", "さま", "氏"}
)

// cjk looks for names around the words that say so, in the run text[i:j] of
// letters outside Latin.
func (f *finder) cjk(i, j int) {
	if c := f.text[i]; c < 0xE3 || c > 0xE9 {
		return
	}
	run := f.text[i:j]
	for _, w := range cjkBehind {
		for at := 0; ; {
			k := strings.Index(run[at:], w)
			if k < 0 {
				break
			}
			at += k
			f.nameBefore(i, i+at, w == "先生" || w == "女士" || w == "小姐")
			at += len(w)
		}
	}
	from := max(0, i-16)
	for from > 0 && !utf8.RuneStart(f.text[from]) {
		from--
	}
	near := f.text[from:min(len(f.text), i+len(run))]
	for _, w := range cjkBefore {
		for at := 0; ; {
			k := strings.Index(near[at:], w)
			if k < 0 {
				break
			}
			at += k + len(w)
			if from+at >= i {
				f.nameAt(from + at)
			}
		}
	}
}

// nameAt reads a name that begins at i: a surname and one or two characters; with
// a Japanese surname up to four. It ends where no such character follows, or
// before a word that goes on.
func (f *finder) nameAt(i int) {
	surname, most := f.surname(i)
	if surname == 0 {
		return
	}
	end, n := i+surname, 0
	for n < most && end < len(f.text) {
		r, size := utf8.DecodeRuneInString(f.text[end:])
		if !ideograph(r) && (most < 3 || r < 0x3041 || r > 0x30FF || strings.ContainsRune("はをにのともて", r)) || strings.ContainsRune("是的在和与住来,、。", r) {
			break
		}
		if mark, more := utf8.DecodeRuneInString(f.text[end+size:]); mark == '\u3099' { // the normalised text has voiced kana in two
			if r == 'か' || r == 'た' {
				break
			}
			size += more
		}
		end += size
		n++
	}
	if n > 0 {
		f.add(Person, i, end, 0.8)
	}
}

// nameBefore reads a name that ends at end: the last surname before it with at
// most two characters between. Only Chinese titles follow a surname of one
// character alone.
func (f *finder) nameBefore(from, end int, chinese bool) {
	at := end
	for n := 0; n < 5 && at > from; n++ {
		_, size := utf8.DecodeLastRuneInString(f.text[from:at])
		at -= size
		if surname, most := f.surname(at); surname > 0 && at+surname <= end && utf8.RuneCountInString(f.text[at+surname:end]) <= most {
			if at+surname == end && n == 0 && (!chinese || !f.opens(from, at)) {
				continue
			}
			f.add(Person, at, end, 0.75)
			return
		}
	}
}

// opens reports whether a one-character surname at stands where a name may begin.
func (f *finder) opens(from, at int) bool {
	if at == from {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(f.text[from:at])
	return strings.ContainsRune("请找给与和是由向问对跟", r)
}

// surname is the length of the surname at i and how many characters may follow.
func (f *finder) surname(i int) (size, most int) {
	r, first := utf8.DecodeRuneInString(f.text[i:])
	if !ideograph(r) {
		return 0, 0
	}
	end := i + first
	for range 2 {
		_, n := utf8.DecodeRuneInString(f.text[end:])
		end += n
		if japanese[f.text[i:end]] {
			return end - i, 3
		}
	}
	if strings.ContainsRune(surnames, r) {
		return first, 2
	}
	return 0, 0
}

func ideograph(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF || r == '々' }

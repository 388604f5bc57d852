package main

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	_ "image/png" // wuzapi's pictures
	"strings"
)

// readQRCode reads the text of a QR code that a program has drawn, given as a data URI; "" when
// it cannot. wuzapi shows its codes as pictures only, and a page draws them from their text.
//
// A drawn code has no noise and no perspective, so nothing is searched for and no error is
// corrected: the modules are sampled, unmasked and put in order (ISO/IEC 18004). Codes of
// error correction level M are understood, which is what wuzapi draws.
func readQRCode(dataURI string) string {
	_, encoded, _ := strings.Cut(dataURI, ";base64,")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw) > 1<<20 {
		return ""
	}
	if c, _, err := image.DecodeConfig(bytes.NewReader(raw)); err != nil || c.Width > 2048 || c.Height > 2048 {
		return ""
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	grid := sample(picture)
	if grid == nil {
		return ""
	}
	return segments(ordered(grid), (len(grid)-17)/4)
}

// sample reads the modules. The finder pattern in the corner is seven modules wide.
func sample(picture image.Image) [][]bool {
	b := picture.Bounds()
	dark := func(x, y int) bool { return color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y < 128 }
	box := image.Rectangle{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if dark(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	finder := 0
	for x := box.Min.X; x < box.Max.X && dark(x, box.Min.Y); x++ {
		finder++
	}
	if finder < 7 {
		return nil
	}
	n := (box.Dx()*7 + finder/2) / finder
	if box.Dx() != box.Dy() || n < 21 || n > 177 || n%4 != 1 {
		return nil
	}
	grid := make([][]bool, n)
	for r := range grid {
		grid[r] = make([]bool, n)
		for c := range grid[r] {
			grid[r][c] = dark(box.Min.X+(2*c+1)*box.Dx()/(2*n), box.Min.Y+(2*r+1)*box.Dy()/(2*n))
		}
	}
	return grid
}

// Of level M, by version: the error correction bytes of a block, and how many blocks there are.
var (
	correction = [...]int{0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28}
	blocks     = [...]int{0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49}
)

// ordered reads the data bytes out of the modules: unmasked, and out of their blocks.
func ordered(grid [][]bool) []byte {
	n := len(grid)
	version := (n - 17) / 4
	masked := 0
	for _, c := range []int{2, 3, 4} { // of the format, whose own mask is 101 there
		masked <<= 1
		if grid[8][c] {
			masked |= 1
		}
	}
	raw := zigzag(grid, masked^0b101)
	count := blocks[version]
	short := len(raw)/count - correction[version]
	long := len(raw) % count // the last blocks have one byte more
	var data []byte
	for block := range count {
		for i := range short {
			data = append(data, raw[i*count+block])
		}
		if extra := block - (count - long); extra >= 0 {
			data = append(data, raw[short*count+extra])
		}
	}
	return data
}

// zigzag reads the bytes in the order they were drawn: two columns at a time from the right,
// up and down in turns, around everything that is no data.
func zigzag(grid [][]bool, mask int) []byte {
	n := len(grid)
	var raw []byte
	bits, current := 0, byte(0)
	up := true
	for right := n - 1; right > 0; right -= 2 {
		if right == 6 {
			right-- // the timing column
		}
		for i := range n {
			row := i
			if up {
				row = n - 1 - i
			}
			for _, col := range []int{right, right - 1} {
				if reserved(n, row, col) {
					continue
				}
				current <<= 1
				if grid[row][col] != flips(mask, row, col) {
					current |= 1
				}
				if bits++; bits%8 == 0 {
					raw = append(raw, current)
				}
			}
		}
		up = !up
	}
	return raw
}

func flips(mask, r, c int) bool {
	switch mask {
	case 0:
		return (r+c)%2 == 0
	case 1:
		return r%2 == 0
	case 2:
		return c%3 == 0
	case 3:
		return (r+c)%3 == 0
	case 4:
		return (r/2+c/3)%2 == 0
	case 5:
		return r*c%2+r*c%3 == 0
	case 6:
		return (r*c%2+r*c%3)%2 == 0
	}
	return ((r+c)%2+r*c%3)%2 == 0
}

// reserved says whether a module carries no data.
func reserved(n, r, c int) bool {
	version := (n - 17) / 4
	switch {
	case r < 9 && (c < 9 || c >= n-8), r >= n-8 && c < 9, r == 6, c == 6: // finders, format, timing
		return true
	case version >= 7 && (r < 6 && c >= n-11 || c < 6 && r >= n-11): // version
		return true
	case version == 1:
		return false
	}
	// Alignment patterns, five wide, everywhere on a grid but in the finders.
	count := version/7 + 2
	step := (version*8 + count*3 + 5) / (count*4 - 4) * 2
	near := func(x int) int {
		for i := range count {
			at := n - 7 - i*step
			if i == count-1 {
				at = 6
			}
			if x >= at-2 && x <= at+2 {
				return at
			}
		}
		return -1
	}
	ar, ac := near(r), near(c)
	corner := ar == 6 && ac == 6 || ar == 6 && ac == n-7 || ar == n-7 && ac == 6
	return ar >= 0 && ac >= 0 && !corner
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// segments reads the text out of the data.
func segments(data []byte, version int) string {
	at := 0
	take := func(n int) int {
		v := 0
		for range n {
			v <<= 1
			if at/8 < len(data) && data[at/8]>>(7-at%8)&1 == 1 {
				v |= 1
			}
			at++
		}
		return v
	}
	size := func(small, middle, large int) int {
		switch {
		case version < 10:
			return take(small)
		case version < 27:
			return take(middle)
		}
		return take(large)
	}
	var text strings.Builder
	for at+4 <= 8*len(data) {
		switch take(4) {
		case 1:
			for left := size(10, 12, 14); left > 0 && at < 8*len(data); left -= 3 {
				digits := min(left, 3)
				v := take(digits*3 + 1)
				for _, unit := range []int{100, 10, 1}[3-digits:] {
					text.WriteByte(byte('0' + v/unit%10))
				}
			}
		case 2:
			for left := size(9, 11, 13); left > 0 && at < 8*len(data); left -= 2 {
				if left == 1 {
					text.WriteByte(alphanumeric[take(6)%45])
					break
				}
				v := take(11)
				text.WriteByte(alphanumeric[v/45%45])
				text.WriteByte(alphanumeric[v%45])
			}
		case 4:
			for left := size(8, 16, 16); left > 0 && at < 8*len(data); left-- {
				text.WriteByte(byte(take(8)))
			}
		default:
			return text.String()
		}
	}
	return text.String()
}

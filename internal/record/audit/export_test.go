package audit

import (
	"bufio"
	"bytes"
	"io"
)

// ReadSegment reads b as the first segment of a log and returns how many records
// are whole.
func ReadSegment(b []byte) (n int64, err error) {
	s := &segmentReader{r: bufio.NewReaderSize(bytes.NewReader(b), 4096), name: segmentName(0)}
	if err := s.head(0); err != nil {
		return 0, err
	}
	for {
		rec, err := s.next()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if rec.index != n || len(rec.entry) == 0 {
			return n, io.ErrNoProgress
		}
		n++
	}
}

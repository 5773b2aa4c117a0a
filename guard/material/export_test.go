package material

import "crypto/sha256"

// Signed puts a right digest behind data, so that fuzzing gets past it.
func Signed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(append([]byte(nil), data...), sum[:]...)
}

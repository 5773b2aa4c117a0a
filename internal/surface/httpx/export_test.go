package httpx

import "time"

// Patience makes bodies wait no longer than d.
func (r *Room) Patience(d time.Duration) { r.wait = d }

// Held is what the share has at present, and what it leaves when it is answered.
func (s *Share) Held() (held, kept int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held, s.kept
}

package cognitive

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errLate is the error of guards that did not answer in time.
var errLate = errors.New("guards are late")

// Judge runs the guards of one request within a deadline and contains their
// panics. Its error means that they could not judge. Guards that hang keep their
// goroutine until they return; their answer is dropped.
func Judge[T any](ctx context.Context, deadline time.Duration, guards func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{err: fmt.Errorf("guard panicked: %T", p)} // its value may hold content
			}
			done <- r
		}()
		r.v, r.err = guards(ctx)
	}()
	var none T
	select {
	case r := <-done:
		if r.err != nil {
			return none, r.err
		}
		return r.v, nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return none, errLate
		}
		return none, ctx.Err()
	}
}

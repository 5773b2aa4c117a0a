package web_test

import (
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

func opened(t content.Text) string { return open.String(t) }

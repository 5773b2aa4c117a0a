// Package web serves the pages and the API that they use.
package web

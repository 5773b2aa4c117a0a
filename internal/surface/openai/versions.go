package openai

// Versions are the api-versions of the dated surface (section 2).
var Versions = []string{
	"2022-12-01", "2023-05-15", "2024-02-01", "2024-06-01", "2024-10-21",
	"2022-03-01-preview", "2022-06-01-preview", "2023-03-15-preview", "2023-06-01-preview",
	"2023-07-01-preview", "2023-08-01-preview", "2023-09-01-preview", "2023-10-01-preview",
	"2023-12-01-preview", "2024-02-15-preview", "2024-03-01-preview", "2024-04-01-preview",
	"2024-05-01-preview", "2024-07-01-preview", "2024-08-01-preview", "2024-09-01-preview",
	"2024-10-01-preview", "2024-12-01-preview", "2025-01-01-preview", "2025-02-01-preview",
	"2025-03-01-preview", "2025-04-01-preview",
}

var knownVersion = func() map[string]bool {
	set := make(map[string]bool, len(Versions))
	for _, v := range Versions {
		set[v] = true
	}
	return set
}()

package main

const cardText = `# Groundedness

Weights %s, %d KiB packed. Made by ` + "`go run ./training/grounding`" + `.

%s`

package audit_test

import "os"

func crashDir() string { return os.Getenv("AUDIT_CRASH_DIR") }

func crashChild(dir string) {}

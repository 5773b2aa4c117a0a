package openai

// CheckRoutes opens check to tests.
var CheckRoutes = check

// Unauthorised is a route without an action.
func Unauthorised() Route { r := Routes()[0]; r.Action = ""; return r }

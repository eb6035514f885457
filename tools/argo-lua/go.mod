// The Lua VM of Argo CD, to test health checks and actions as it runs them.
module connectsso.dev/tools/argo-lua

go 1.26.0

require github.com/yuin/gopher-lua v1.1.2

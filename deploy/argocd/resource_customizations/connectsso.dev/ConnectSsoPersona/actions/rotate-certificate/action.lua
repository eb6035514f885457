-- A new signing certificate, known to AWS before it signs.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/rotate-certificate"] = os.date("!%Y-%m-%dT%XZ")
return obj

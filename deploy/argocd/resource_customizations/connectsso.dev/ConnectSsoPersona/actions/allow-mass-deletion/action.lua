-- Lets the removals go on that the guard against mass deletion holds back, once.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/allow-mass-deletion"] = os.date("!%Y-%m-%dT%XZ")
return obj

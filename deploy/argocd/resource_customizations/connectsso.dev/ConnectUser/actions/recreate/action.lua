-- Deletes and recreates the Connect user: for a login that fails although everything is configured correctly. The history stays with the old user.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/recreate"] = os.date("!%Y-%m-%dT%XZ")
return obj

-- A new run with the same spec, which is shown below the first one and goes with it.
local os = require("os")
local again = {
  apiVersion = obj.apiVersion,
  kind = obj.kind,
  metadata = {
    name = obj.metadata.name .. "-" .. os.date("!%Y%m%d-%H%M%S"),
    namespace = obj.metadata.namespace,
    ownerReferences = {
      { apiVersion = obj.apiVersion, kind = obj.kind, name = obj.metadata.name, uid = obj.metadata.uid },
    },
  },
  spec = obj.spec,
}
return { { operation = "create", resource = again } }

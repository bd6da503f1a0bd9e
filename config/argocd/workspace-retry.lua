-- Any new value makes the clone start again.
local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["agent.xonovex.com/retry"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj

import { describeAgent } from "./support/agent-behaviour.ts";

describeAgent("gemini");

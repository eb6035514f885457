import { lives } from "./life.ts";
import { onFolder } from "./wirings.ts";

lives(onFolder);

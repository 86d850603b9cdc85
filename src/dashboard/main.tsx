import { render } from "preact";
import { App } from "./app";
import { startConnection } from "./lib/connection";
import { startLive } from "./lib/live";
import { startRouter } from "./lib/router";
import { startSession } from "./lib/session";
import { startState } from "./lib/state";

startSession();
startConnection();
startRouter();
startState();
startLive();
render(<App />, document.getElementById("app")!);

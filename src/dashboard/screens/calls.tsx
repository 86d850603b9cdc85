import { Screen } from "../parts/screen";
import { Loading } from "../parts/states";

export function Calls() {
  return (
    <Screen title="Calls">
      <Loading />
    </Screen>
  );
}

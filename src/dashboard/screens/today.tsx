import { Screen } from "../parts/screen";
import { Loading } from "../parts/states";

export function Today() {
  return (
    <Screen title="Today">
      <Loading />
    </Screen>
  );
}

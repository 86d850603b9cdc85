import { Screen } from "../parts/screen";
import { Loading } from "../parts/states";

export function SettingsScreen() {
  return (
    <Screen title="Settings">
      <Loading />
    </Screen>
  );
}

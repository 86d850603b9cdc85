import { Screen } from "../parts/screen";
import { Loading } from "../parts/states";

export function Digests({ date: _date }: { date: string | null }) {
  return (
    <Screen title="Digests">
      <Loading />
    </Screen>
  );
}

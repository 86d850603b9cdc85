import { Screen } from "../parts/screen";
import { Loading } from "../parts/states";

export function CallScreen({ id: _id }: { id: string }) {
  return (
    <Screen title="Call">
      <Loading />
    </Screen>
  );
}

import { formatPhone, isDialable } from "../lib/phone";
import { Icon } from "./icon";

interface PhoneLinkProps {
  number: string | null;
  asButton?: boolean;
  name?: string | null;
}

/** A number that is dialled by a tap, as a button or within text. */
export function PhoneLink({ number, asButton = false, name }: PhoneLinkProps) {
  if (!isDialable(number)) return <span>{number ? formatPhone(number) : "Withheld number"}</span>;
  const text = formatPhone(number);
  if (!asButton)
    return (
      <a class="phone" href={`tel:${number}`}>
        {text}
      </a>
    );
  return (
    <a class="button is-primary" href={`tel:${number}`} aria-label={`Call ${name ?? text} at ${text}`}>
      <Icon name="phone" size={18} />
      <span>{text}</span>
    </a>
  );
}

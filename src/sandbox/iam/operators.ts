/** Condition operators without negation, qualifier and `IfExists`. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { arnLike, type Expanded, like } from "./patterns.ts";

export function compare(operator: string, actual: string, wanted: Expanded): boolean {
  const { literal } = wanted;
  switch (operator) {
    case "StringEquals":
      return actual === literal;
    case "StringEqualsIgnoreCase":
    case "Bool":
      return actual.toLowerCase() === literal.toLowerCase();
    case "StringLike":
      return like(wanted, actual);
    case "ArnEquals":
    case "ArnLike":
      return arnLike(wanted, actual);
    case "BinaryEquals":
      return Buffer.from(actual, "base64").equals(Buffer.from(literal, "base64"));
    case "IpAddress":
      return inNetwork(actual, literal);
  }
  if (operator.startsWith("Numeric")) return ordered(operator.slice("Numeric".length), Number(actual), Number(literal));
  if (operator.startsWith("Date")) return ordered(operator.slice("Date".length), timeOf(actual), timeOf(literal));
  return false;
}

/** False where one of the two is no number. */
function ordered(relation: string, actual: number, wanted: number): boolean {
  switch (relation) {
    case "Equals":
      return actual === wanted;
    case "LessThan":
      return actual < wanted;
    case "LessThanEquals":
      return actual <= wanted;
    case "GreaterThan":
      return actual > wanted;
    case "GreaterThanEquals":
      return actual >= wanted;
    default:
      return false;
  }
}

/** Milliseconds since 1970 of an ISO 8601 date or of seconds. */
function timeOf(text: string): number {
  return /^-?\d+$/.test(text) && !/^\d{4}$/.test(text) ? Number(text) * 1000 : Date.parse(text.toUpperCase());
}

function inNetwork(address: string, network: string): boolean {
  const family = (text: string) => (isIPv4(text) ? "ipv4" : isIPv6(text) ? "ipv6" : undefined);
  const [base = "", bits] = network.split("/");
  const kind = family(base);
  const own = family(address);
  if (!kind || !own) return false;
  const list = new BlockList();
  list.addSubnet(base, bits === undefined ? (kind === "ipv4" ? 32 : 128) : Number(bits), kind);
  return list.check(address, own);
}

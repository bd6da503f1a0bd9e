import { geminiCheckouts } from "../checkouts/gemini.ts";
import { checkoutTable } from "../checkouts/checkout-table.ts";

export const table = checkoutTable(geminiCheckouts, { sample: 1 });

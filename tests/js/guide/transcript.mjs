// What a client saw, step by step, and the list of the differences that are meant.

import { readFileSync } from "node:fs";

/** Plays one scenario against one server: `{ step: what was seen }`. */
export async function play(scenario, stage) {
  const steps = new Map();
  const note = (step, seen) => {
    if (steps.has(step)) {
      throw new Error(`the step "${step}" is noted twice`);
    }
    steps.set(step, typeof seen === "string" ? seen : JSON.stringify(seen));
  };
  await scenario.play({ ...stage, note });
  return Object.fromEntries(steps);
}

/**
 * The differences listed in `differences.md`: `{ scenario, step, modes, guide, here }`.
 * There a scenario is a `##` heading, a step a `###` heading, and what each server answers a list item. A difference
 * that is a race in the guide says so with `- at times`: it may not occur, and then both answer what is listed here.
 */
export function listed() {
  const text = readFileSync(new URL("../differences.md", import.meta.url), "utf8");
  const differences = [];
  for (const chapter of text.split(/^## /m).slice(1)) {
    const scenario = title(chapter);
    for (const section of chapter.split(/^### /m).slice(1)) {
      const item = (name) => new RegExp(`^- ${name}: \`(.*)\`$`, "m").exec(section)?.[1];
      const difference = { scenario, step: title(section), modes: item("only on")?.split(", "), guide: item("the guide"), here: item("here"), sometimes: /^- at times$/m.test(section) };
      const reason = section.replace(/^.*\n/, "").replace(/^- .*$/gm, "").trim();
      if (difference.guide === undefined || difference.here === undefined || difference.guide === difference.here || reason === "") {
        throw new Error(`differences.md, "${scenario}", "${difference.step}": needs \`- the guide: …\`, a different \`- here: …\` and a reason`);
      }
      differences.push(difference);
    }
  }
  return differences;
}

function title(section) {
  return section.slice(0, section.indexOf("\n")).trim();
}

/** Compares two transcripts of a scenario, in one mode, with the list; returns what is wrong, in words. */
export function compare({ scenario, mode, guide, here, differences }) {
  const wrong = [];
  const meant = differences.filter((one) => one.scenario === scenario && (one.modes?.includes(mode) ?? true));
  for (const step of new Set([...Object.keys(guide), ...Object.keys(here)])) {
    const listed = meant.find((one) => one.step === step);
    const place = `${scenario} (${mode}), ${step}`;
    const [theirs, ours] = [guide[step] ?? "(no such step)", here[step] ?? "(no such step)"];
    if (!listed && theirs !== ours) {
      wrong.push(`${place}: not listed in differences.md\n  the guide: ${theirs}\n  here:      ${ours}`);
    } else if (listed?.sometimes && theirs === listed.here && ours === listed.here) {
      // this time the guide was lucky
    } else if (listed && (listed.guide !== theirs || listed.here !== ours)) {
      wrong.push(
        `${place}: listed in differences.md, but otherwise\n` +
          `  the guide: ${theirs}\n     listed: ${listed.guide}\n  here:      ${ours}\n     listed: ${listed.here}`,
      );
    }
  }
  for (const { step } of meant) {
    if (!(step in guide) && !(step in here)) {
      wrong.push(`${scenario} (${mode}), ${step}: listed in differences.md, but there is no such step`);
    }
  }
  return wrong;
}

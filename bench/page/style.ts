import { Markup } from './markup.js';

/** The page's style, for paper, light and dark screens. The colours are those of Okabe and Ito, for the colour-blind. */
export const STYLE = new Markup(`
:root { color-scheme: light dark; --ink: #1c1f23; --quiet: #667; --line: #d8dade; --ground: #fff; --card: #f6f7f9;
  --met: #0b7a4b; --missed: #b3261e; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #8a6d00;
  --c5: #56b4e9; --c6: #7a52a5; --c7: #555; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --quiet: #9aa2ad; --line: #383d45; --ground: #15181c;
  --card: #1d2126; --met: #4fc38a; --missed: #ff8a80; --c0: #58a6e0; --c1: #f08a3c; --c2: #35c49a; --c3: #e3a3c8;
  --c4: #d9c24a; --c5: #8fd0f5; --c6: #b497e0; --c7: #aaa; } }
body { margin: 0 auto; max-width: 1240px; padding: 24px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 0 0 4px; font-size: 20px; }
a { color: inherit; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 12px 0; }
.quiet { margin: 4px 0; color: var(--quiet); font-size: 13px; }
.about { margin: 4px 0; max-width: 100ch; color: var(--quiet); }
section { margin: 24px 0; padding: 20px; border: 1px solid var(--line); border-radius: 8px; }
.overview { background: var(--card); }
.score { margin: 0 0 8px; font-size: 20px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 20px; margin: 16px 0; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: 4px; }
svg { display: block; width: 100%; height: auto; background: var(--card); border-radius: 6px; }
svg text { fill: var(--ink); font-size: 12px; } svg .label { fill: var(--quiet); }
svg .grid { stroke: var(--line); } svg path { fill: none; stroke: currentColor; stroke-width: 2; } svg circle { fill: currentColor; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 6px 0 0; padding: 0; list-style: none; font-size: 13px; }
.legend i { display: inline-block; width: 18px; height: 0; margin-right: 6px; border-top: 3px solid currentColor; vertical-align: middle; }
${Array.from({ length: 8 }, (_, i) => `.c${i} { color: var(--c${i}); }`).join(' ')}
.wide { overflow-x: auto; }
summary { margin: 8px 0; cursor: pointer; color: var(--quiet); }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 500; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict { font-weight: 600; white-space: nowrap; } .met { color: var(--met); } .missed { color: var(--missed); }
`);

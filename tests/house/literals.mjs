// The string literals of a JavaScript source, each with where it stands: `shown` (handed to a DOM helper, or to an attribute or
// field that people read), `name` (a key, a selector, what is compared, imported or asked of the catalogues) or `code`.

const SHOWN_AS = new Set(['aria-label', 'title', 'placeholder', 'alt', 'label', 'words', 'question', 'yes', 'no', 'hint', 'detail']);
const SILENT = new Set(['t', 'known', 'Error', 'warn', 'error', 'query', 'icon', 'import']);
const COMPARING = new Set(['===', '!==', 'in', 'case', 'from', 'import']);
const TOKEN = /(?<space>\s+)|(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?<name>[\p{L}$_#][\p{L}\p{N}$_]*)|(?<number>\d[\w.]*)|(?<sign>===|!==|=>|\?\?|\?\.|&&|\|\||\+\+|--|\*\*|[^])/uy;
const REGEX = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const BEFORE_REGEX = /^(?:[([{,;:=!?&|>+\-~%^<]|=>|\?\?|&&|\|\||return|typeof|case|in)$/;

export function literals(source) {
  const tokens = scan(source);
  const found = [], stack = [{ opens: '', argument: 0 }];
  let showing = null; // how deep the statement stands that sets textContent
  tokens.forEach((token, at) => {
    const before = tokens[at - 1], after = tokens[at + 1], frame = stack.at(-1);
    if (token.kind === 'string') found.push({ text: token.text, line: token.line, where: whereOf(token, before, after, stack, showing === stack.length) });
    else if (token.kind === 'sign' && '([{'.includes(token.text[0])) {
      const subscript = token.text === '[' && ['name', 'string'].includes(before?.kind) && before.text !== 'return';
      stack.push({ opens: token.text, argument: 0, callee: token.text === '(' && before?.kind === 'name' ? before.text : '', subscript });
    } else if (token.kind === 'sign' && ')]}'.includes(token.text)) {
      if (stack.length > 1) stack.pop();
    } else if (token.text === ',') Object.assign(frame, { argument: frame.argument + 1, key: null });
    if (token.text === ':' && frame.opens === '{' && before && ['{', ','].includes(tokens[at - 2]?.text)) frame.key = before.text;
    if (token.text === '=' && before?.text === 'textContent') showing = stack.length;
    else if (token.text === ';' || stack.length < showing) showing = null;
  });
  return found;
}

function whereOf(token, before, after, stack, showing) {
  if (COMPARING.has(before?.text) || COMPARING.has(after?.text)) return 'name';
  const frame = stack.toReversed().find(({ opens, callee }) => opens === '{' || callee || opens === '' ) ?? {};
  if (stack.at(-1).subscript || SILENT.has(frame.callee)) return 'name';
  if (frame.opens === '{' && after?.text === ':' && ['{', ','].includes(before?.text)) return 'name';
  if (frame.opens === '{' && frame.key) return SHOWN_AS.has(frame.key) ? 'shown' : 'code';
  if (showing) return 'shown';
  if (frame.callee === 'h') return frame.argument >= 2 ? 'shown' : 'name';
  return 'code';
}

/** Tokens without spaces and comments; of a template each stretch of text is a string, what is filled in stands in ${ }. */
function scan(source) {
  const tokens = [], templates = [];
  let at = 0, line = 1;
  const put = (kind, text, length) => {
    if (kind) tokens.push({ kind, text, line });
    line += source.slice(at, at + length).split('\n').length - 1;
    at += length;
  };
  const template = () => {
    const [text] = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y[Symbol.match](source.slice(at));
    put('string', text, text.length);
    if (source[at] === '`') at += 1;
    else {
      put('sign', '{$', 2);
      templates.push(1);
    }
  };
  while (at < source.length) {
    if (source[at] === '`') {
      at += 1;
      template();
      continue;
    }
    REGEX.lastIndex = at;
    const regex = source[at] === '/' && !/^\/[/*]/.test(source.slice(at, at + 2)) && (!tokens.length || BEFORE_REGEX.test(tokens.at(-1).text)) && REGEX.exec(source);
    if (regex) {
      put('regex', regex[0], regex[0].length);
      continue;
    }
    TOKEN.lastIndex = at;
    const { groups } = TOKEN.exec(source);
    const [kind, text] = Object.entries(groups).find(([, one]) => one !== undefined);
    const skipped = kind === 'space' || kind === 'comment';
    put(skipped ? null : kind, kind === 'string' ? text.slice(1, -1) : text, text.length);
    if (templates.length && text === '{') templates.push(templates.pop() + 1);
    if (templates.length && text === '}') {
      const left = templates.pop() - 1;
      if (left) templates.push(left);
      else template();
    }
  }
  return tokens;
}

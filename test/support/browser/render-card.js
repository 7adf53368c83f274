// Runs in a page with the renderers of Adaptive Cards and CommonMark. Defines `renderCard`, which returns a `RenderedCard`.
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
  // Safe mode omits raw HTML, as Teams does.
  const renderer = new commonmark.HtmlRenderer({ safe: true });
  result.outputHtml = renderer.render(new commonmark.Parser().parse(text));
  result.didProcess = true;
};

// Sizes and colours follow Teams' light theme.
const foreground = {
  default: { default: '#242424', subtle: '#616161' },
  attention: { default: '#c50f1f', subtle: '#c50f1f' },
};
const style = (backgroundColor) => ({ backgroundColor, foregroundColors: foreground });
const fontSizes = { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 };
const fontWeights = { lighter: 200, default: 400, bolder: 600 };
const hostConfig = new AdaptiveCards.HostConfig({
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
  fontTypes: {
    default: { fontFamily: "'Segoe UI', 'Open Sans', sans-serif", fontSizes, fontWeights },
    monospace: { fontFamily: "Consolas, 'DejaVu Sans Mono', monospace", fontSizes, fontWeights },
  },
  containerStyles: {
    default: style('#ffffff'),
    emphasis: style('#f5f5f5'),
    accent: style('#cfe4fa'),
    good: style('#c9eac9'),
    attention: style('#f6d1d5'),
    warning: style('#fdcfb4'),
  },
  factSet: { title: { weight: 'bolder', wrap: true, maxWidth: 150 }, value: { wrap: true }, spacing: 8 },
  actions: { buttonSpacing: 8, actionAlignment: 'left', maxActions: 6 },
});

globalThis.renderCard = (json, width) => {
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = hostConfig;
  const context = new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5);
  card.parse(json, context);
  const messages = [];
  for (let at = 0; at < context.eventCount; at++) messages.push(context.getEventAt(at).message);
  messages.push(...card.validateProperties().validationEvents.map(({ message }) => message));
  const rendered = card.render();
  const place = document.createElement('article');
  place.style.width = `${width}px`;
  place.append(rendered);
  document.body.append(place);
  const all = [...place.querySelectorAll('*')];
  return {
    messages,
    blocks: [...place.querySelectorAll('.ac-richTextBlock')].map((block) => block.innerText),
    facts: Object.fromEntries(
      [...place.querySelectorAll('.ac-factset tr')].map((row) => [
        row.querySelector('.ac-fact-title').innerText.trim(),
        row.querySelector('.ac-fact-value').innerText.trim(),
      ]),
    ),
    buttons: [...place.querySelectorAll('.ac-pushButton')].map((button) => button.innerText),
    // A card draws text, a table of facts and buttons. Anything else comes from a text that was taken for markup.
    markup: all
      .filter((element) => !element.matches('div, span, p, br, table, tbody, tr, td, button'))
      .map((element) => element.outerHTML),
    clipped: all
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .map((element) => `${element.className || element.tagName}: ${element.scrollWidth} > ${element.clientWidth}`),
  };
};

/** Icon of the connector: a line that crosses a threshold. PNG of 160 × 160 pixels on the connector's brand color. */
export const ICON = Buffer.from(
  [
    'iVBORw0KGgoAAAANSUhEUgAAAKAAAACgCAMAAAC8EZcfAAAAS1BMVEULXHoqcIt2o7TC1t7w9ff///+kws1mmaw5e5OUuMVXj6Qa',
    'ZoLR4OazzNWFrrxIhZvg6+5/yN2v3erP6vLn9fmHy9/3/P2X0uPH5/AGhS5QAAACUUlEQVR42u2a6VLDMAyEE0fOZSdNyvn+TwpM',
    'oU1VJYVCnS3d7yczTHdkHWs5WUYIIYQQQgghhBBCCCHk9shdId5L4XJMeaXfUwJKrMRPkApOn1dU4PrAFOZyKlCQ8rD0BiVQAL0J',
    'TgidLdDBCCxsgQWMQLEFCoxAPwMF/psjhi8S+DZTozdq+4hxRl1jlwhMAFv7gGHsVi7Y+kI0zxfHrtpWEKeAT70+1rWzPk5ACWB3',
    'OZ2ANdpls0OdbfYM7tD0qREc4RJQFQhcAhbQu44s62Gv6Ts24AmoLILALQRVh27R9CmP2qDpq1CvbzdqETZoAVQetQdPQHSLMMAl',
    '4HAFjzpO+O3flEfdLv3vGgKVRXgYwQQqi/D4BCZQedTnlxFMoPKo2xFMoLIIr+NfCbzOGiuidWh0j0qLQI9652ss964guoC6xtp8',
    'eaiyRlxjhemEiBXcGmujLKg0OdIaK3TGlr5rYdZY7cxb73AomDXXWHnn5/ksmDXXWE78Ih8Fs6JFyAt/FmnWW2P14n9OujVWHS+Q',
    'l9Ai9JfIS2cRdGv+7CxnBSbyqMF8wpc+y5vltOzXDF+xax/VQmqmsQjmZPNy8E91OaMvzRrLnmzdUfcNzoxxCotgTzY5bb5tt8pH',
    'EvZk68yj0wWTwCLYk22Ybx3TgklgEezJ1iz+8L5grq/PnmzD2c4bdpeplSYbzHLA/jgo4ryQR3uyweDmJxtqAAXrA5czkw1OoMC9',
    'jsdvTDaYIhngFrfHIWwCor59o8YM32Q9mRFCCCGEEEIIIYQQQggh98wbImdIWM9yqSkAAAAASUVORK5CYII=',
  ].join(''),
  'base64',
);

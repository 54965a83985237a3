// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as users type them: a number and ns, us, ms or s. */
final class Durations {

    private static final Pattern NOTATION =
            Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,12})?)(ns|us|ms|s)");

    private Durations() { }

    /** Returns nanoseconds, fractions cut off. */
    static long parse(String text) throws UsageException {
        Matcher m = NOTATION.matcher(text);
        if (!m.matches()) {
            throw new UsageException(
                    "duration '" + text + "', expected like 12.5ms (ns, us, ms, s)");
        }
        int exponent = switch (m.group(2)) {
            case "us" -> 3;
            case "ms" -> 6;
            case "s" -> 9;
            default -> 0;
        };
        BigDecimal nanos = new BigDecimal(m.group(1)).scaleByPowerOfTen(exponent)
                .setScale(0, RoundingMode.DOWN);
        if (nanos.toBigInteger().bitLength() > 62) {
            throw new UsageException("duration '" + text + "' is too long");
        }
        return nanos.longValue();
    }

    /** Returns nanoseconds as milliseconds for people. */
    static String format(long nanos) {
        return String.format("%.3f ms", nanos / 1e6);
    }
}

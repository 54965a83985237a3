// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import iommu.api.pcie.RequesterId;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Which figure of a verdict is to be explained.
 *
 * @param figure what is asked about
 * @param requester whose, -1 for anybody's
 * @param address of which byte, -1 for the first
 * @param number which one of several, from 1 on
 */
public record WhyQuestion(Figure figure, int requester, long address, int number) {

    /** The figures that can be asked about. */
    public enum Figure {
        /** A request that was blocked. */
        FAULT,
        /** A request that a unit let pass as it was. */
        UNTRANSLATED,
        /** A byte of old or reserved memory that a request wrote astray. */
        STRAY,
        /** A byte of old memory that a request of before the crash wrote where it was meant to. */
        LATE,
        /** A byte of old memory that the hand-over itself changed. */
        CHANGED,
        /** A block or frame that is wrong or lost. */
        MEDIA,
        /** An error that a port reported. */
        ERROR,
        /** A driver that gave up. */
        DRIVER,
        /** The dump. */
        DUMP,
        /** The end of the capture kernel. */
        HUNG,
        /** The reboot. */
        REBOOT
    }

    /**
     * Reads a question as users spell it: the figure, then perhaps a requester, an address or a
     * number, with colons between, such as "fault:02:00.0:3" or "stray:0x1000".
     *
     * @throws IllegalArgumentException if it is none, with what is wrong
     */
    public static WhyQuestion parse(String text) {
        int end = text.indexOf(':');
        Figure figure = figure(end < 0 ? text : text.substring(0, end), text);
        String rest = end < 0 ? "" : text.substring(end + 1);
        boolean byAddress = figure == Figure.STRAY || figure == Figure.LATE
                || figure == Figure.CHANGED;
        boolean byRequester = !byAddress && figure.compareTo(Figure.DUMP) < 0;
        if (rest.isEmpty()) {
            if (figure == Figure.DRIVER) {
                throw new IllegalArgumentException("'" + text + "', expected driver:BDF");
            }
            return new WhyQuestion(figure, -1, -1, 1);
        }
        if (byAddress) {
            return new WhyQuestion(figure, -1, address(rest), 1);
        }
        if (!byRequester) {
            throw new IllegalArgumentException("'" + text + "': nothing may follow "
                    + figure.name().toLowerCase(Locale.ROOT));
        }
        int last = rest.lastIndexOf(':');
        boolean numbered = figure == Figure.FAULT && rest.substring(last + 1).matches("\\d{1,9}");
        String who = !numbered ? rest : last < 0 ? "" : rest.substring(0, last);
        return new WhyQuestion(figure, who.isEmpty() ? -1 : RequesterId.parse(who), -1,
                numbered ? Math.max(1, Integer.parseInt(rest.substring(last + 1))) : 1);
    }

    /** Returns the figures as users spell them. */
    public static List<String> words() {
        return Stream.of(Figure.values()).map(Figure::name)
                .map(name -> name.toLowerCase(Locale.ROOT)).toList();
    }

    private static Figure figure(String name, String text) {
        for (Figure figure : Figure.values()) {
            if (figure.name().toLowerCase(Locale.ROOT).equals(name)) {
                return figure;
            }
        }
        throw new IllegalArgumentException("'" + text + "', expected fault[:BDF][:N],"
                + " untranslated[:BDF], stray[:ADDRESS], late[:ADDRESS], changed[:ADDRESS],"
                + " media[:BDF], error[:BDF], driver:BDF, dump, hung or reboot");
    }

    private static long address(String text) {
        try {
            long address = Long.decode(text);
            if (address < 0) {
                throw new NumberFormatException("negative");
            }
            return address;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("address '" + text + "', expected like 0x1000", e);
        }
    }
}

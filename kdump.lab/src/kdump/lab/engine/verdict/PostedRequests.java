// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.pcie.Medium;
import java.util.Arrays;

/**
 * The requests that a driver has handed to its device and that no medium has seen yet, by the
 * driver's numbers. A busy run has hundreds of thousands, so they are kept in open addressing, and
 * nothing is made for each. One thread.
 */
final class PostedRequests {

    private static final Medium[] MEDIA = Medium.values();

    private long[] numbers = new long[16];
    /** Of each place: 0 if it is free, otherwise one more than the medium's ordinal number. */
    private byte[] media = new byte[16];
    private int size;

    /** Adds a request, or says of one that is there which medium it is for. */
    void add(long number, Medium medium) {
        if (4 * size >= 3 * numbers.length) {
            grow();
        }
        int place = placeOf(number);
        size += media[place] == 0 ? 1 : 0;
        numbers[place] = number;
        media[place] = (byte) (medium.ordinal() + 1);
    }

    /** Drops a request; nothing happens if it is not there. */
    void remove(long number) {
        int hole = placeOf(number);
        if (media[hole] == 0) {
            return;
        }
        size--;
        int mask = numbers.length - 1;
        // what was put further along because of the one that goes moves up
        for (int at = hole + 1 & mask; media[at] != 0; at = at + 1 & mask) {
            if ((at - home(numbers[at]) & mask) >= (at - hole & mask)) {
                numbers[hole] = numbers[at];
                media[hole] = media[at];
                hole = at;
            }
        }
        media[hole] = 0;
    }

    /** Drops all. */
    void clear() {
        Arrays.fill(media, (byte) 0);
        size = 0;
    }

    /** Returns how many there are. */
    int size() {
        return size;
    }

    /** Returns how many are for a medium. */
    long count(Medium medium) {
        long count = 0;
        for (byte of : media) {
            count += of == medium.ordinal() + 1 ? 1 : 0;
        }
        return count;
    }

    private int home(long number) {
        return (int) (number * 0x9e37_79b9_7f4a_7c15L >>> 32) & numbers.length - 1;
    }

    /** Returns where a request is, or the free place where it would go. */
    private int placeOf(long number) {
        int place = home(number);
        while (media[place] != 0 && numbers[place] != number) {
            place = place + 1 & numbers.length - 1;
        }
        return place;
    }

    private void grow() {
        long[] oldNumbers = numbers;
        byte[] oldMedia = media;
        numbers = new long[2 * oldNumbers.length];
        media = new byte[numbers.length];
        size = 0;
        for (int at = 0; at < oldMedia.length; at++) {
            if (oldMedia[at] != 0) {
                add(oldNumbers[at], MEDIA[oldMedia[at] - 1]);
            }
        }
    }
}

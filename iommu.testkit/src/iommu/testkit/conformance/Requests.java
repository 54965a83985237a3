// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import org.opentest4j.AssertionFailedError;

/** What becomes of a request; that translating, explaining and following say the same. */
final class Requests {

    private Requests() { }

    static void check(boolean holds, String message) {
        if (!holds) {
            throw new AssertionFailedError(message);
        }
    }

    static String hex(long number) {
        return "0x" + Long.toHexString(number);
    }

    static void reaches(RemappingUnit unit, int requester, long iova, int access,
            long address) {
        long told = unit.explain(requester, iova, access, WalkListener.NONE);
        long outcome = unit.translate(requester, iova, access);
        check(!Translation.isBlocked(outcome) && !Translation.isUntranslated(outcome)
                && Translation.address(outcome) == address, "a request to " + hex(iova)
                + ", mapped to " + hex(address) + ", comes to " + said(unit, outcome));
        check(!Translation.isBlocked(told) && Translation.address(told) == address,
                "explaining a request to " + hex(iova) + " comes to " + said(unit, told));
        long followed = unit.follow(requester, -1, iova, access, WalkListener.NONE);
        check(!Translation.isBlocked(followed) && Translation.address(followed) == address,
                "following a request to " + hex(iova) + " comes to " + said(unit, followed));
    }

    static void isBlocked(RemappingUnit unit, int requester, long iova, int access,
            String what) {
        long told = unit.explain(requester, iova, access, WalkListener.NONE);
        long outcome = unit.translate(requester, iova, access);
        check(Translation.isBlocked(outcome), what + " at " + hex(iova) + " is reached: "
                + said(unit, outcome));
        check(Translation.isBlocked(told), "explaining " + what + " at " + hex(iova)
                + " comes to " + said(unit, told));
    }

    private static String said(RemappingUnit unit, long outcome) {
        return Translation.isBlocked(outcome) ? "blocked, "
                + unit.fault(Translation.reason(outcome)).text()
                : Translation.isUntranslated(outcome) ? "untranslated"
                        : hex(Translation.address(outcome));
    }
}

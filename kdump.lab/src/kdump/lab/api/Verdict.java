// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;
import java.util.SortedMap;

/**
 * What came out of one run. Everything is counted from what happened; nothing is stated by a
 * policy.
 *
 * @param policy name
 * @param captureKernel "ok", "corrupted", "hung" or "withdrawn at Tn"
 * @param dump "complete", "corrupt" or "missing"
 * @param dumpBytesStray bytes of old memory changed by requests that went where the crashed
 *     kernel's tables would not have sent them
 * @param lateLegitimateBytes bytes of old memory changed by requests that went where they were
 *     meant to
 * @param oldMemoryBytesChanged bytes of old memory changed by the hand-over itself
 * @param mediaBlocksWrong blocks on media with other bytes than were posted
 * @param mediaBlocksLost posted blocks that never reached the medium
 * @param framesWrong frames sent with other bytes than were posted
 * @param framesLost posted frames that were never sent
 * @param faults blocked requests
 * @param untranslatedDma requests that a unit let pass untranslated
 * @param serr whether a root port raised a system error
 * @param driversFailed drivers of the capture kernel that gave up
 * @param syntheticBytesUsed bytes read by devices or dumped that no capture held and nobody wrote
 * @param reboot "not reached", or "not modelled": the run ends with the dump, so it proves no more
 * @param reasons what was refused to the policy, and why {@code captureKernel} and {@code dump} say
 *     what they say, a sentence each
 */
public record Verdict(String policy, String captureKernel, String dump, long dumpBytesStray,
        long lateLegitimateBytes, long oldMemoryBytesChanged, long mediaBlocksWrong,
        long mediaBlocksLost, long framesWrong, long framesLost, Faults faults,
        Requests untranslatedDma, boolean serr, List<DriverFailure> driversFailed,
        long syntheticBytesUsed, String reboot, List<String> reasons) {

    /**
     * Blocked requests since the crash.
     *
     * @param requests how many
     * @param recorded how many of them the unit wrote down
     * @param printed how many lines the capture kernel printed about them
     * @param byReason how many by vendor and reason, such as "vtd:0x05"
     * @param byRequester how many by the id the requests carried, such as "0000:02:00.0"
     */
    public record Faults(long requests, long recorded, long printed,
            SortedMap<String, Long> byReason, SortedMap<String, Long> byRequester) { }

    /** Requests, in all and by the id they carried. */
    public record Requests(long requests, SortedMap<String, Long> byRequester) { }

    /** A driver that gave up, and why. */
    public record DriverFailure(String requester, String reason) { }

    /** Returns whether nothing went wrong. */
    public boolean clean() {
        return captureKernel.equals("ok") && dump.equals("complete") && faults.requests() == 0
                && untranslatedDma.requests() == 0 && driversFailed.isEmpty()
                && mediaBlocksWrong == 0 && framesWrong == 0;
    }
}

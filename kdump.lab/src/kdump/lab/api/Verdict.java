// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * What came out of one run. Everything is counted from what happened; nothing is stated by a
 * policy.
 *
 * @param policy name
 * @param captureKernel "ok", "corrupted", "hung", "withdrawn at Tn", or "broken at Tn": the fault
 *     of a bundle and no result
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
 * @param faults blocked requests of the crashed kernel's work
 * @param untranslatedDma requests of that work which a unit let pass untranslated
 * @param serr whether a root port raised a system error
 * @param errors what ports reported
 * @param interrupts what became of interrupt messages
 * @param driversFailed drivers of the capture kernel that gave up
 * @param syntheticBytesUsed bytes read by devices or dumped that no capture held and nobody wrote
 * @param reboot "ok", "hung", or "not reached" if the capture kernel has ended before; what happens
 *     during the restart is in no other figure
 * @param reasons what was refused to the policy, and why {@code captureKernel}, {@code dump} and
 *     {@code reboot} say what they say, a sentence each
 * @param assumptions what was chosen for the machine, a sentence each
 */
public record Verdict(String policy, String captureKernel, String dump, long dumpBytesStray,
        long lateLegitimateBytes, long oldMemoryBytesChanged, long mediaBlocksWrong,
        long mediaBlocksLost, long framesWrong, long framesLost, Faults faults,
        Untranslated untranslatedDma, boolean serr, List<ErrorReport> errors,
        Interrupts interrupts, List<DriverFailure> driversFailed, long syntheticBytesUsed,
        String reboot, List<String> reasons, List<String> assumptions) {

    /**
     * Returns this verdict with what became of the restart.
     *
     * @param outcome as for {@code reboot}
     * @param reason a sentence; null if nothing is to be said
     */
    public Verdict withReboot(String outcome, String reason) {
        var more = new ArrayList<>(reasons);
        if (reason != null) {
            more.add(reason);
        }
        return new Verdict(policy, captureKernel, dump, dumpBytesStray, lateLegitimateBytes,
                oldMemoryBytesChanged, mediaBlocksWrong, mediaBlocksLost, framesWrong, framesLost,
                faults, untranslatedDma, serr, errors, interrupts, driversFailed,
                syntheticBytesUsed, outcome, List.copyOf(more), assumptions);
    }

    /**
     * Blocked requests since the crash.
     *
     * @param requests how many
     * @param recorded how many of them the unit wrote down
     * @param printed how many lines the capture kernel printed about them
     * @param byReason how many by vendor and reason, such as "vtd:0x05"
     * @param byRequester how many by the id the requests carried, such as "0000:02:00.0"
     * @param groups the same requests by requester, reason and access, in the order of their firsts
     */
    public record Faults(long requests, long recorded, long printed,
            SortedMap<String, Long> byReason, SortedMap<String, Long> byRequester,
            List<FaultGroup> groups) { }

    /**
     * Requests blocked alike.
     *
     * @param access as in {@link iommu.api.pcie.Access}
     * @param first address of the first of them
     */
    public record FaultGroup(String requester, String reason, int access, long requests,
            long first) { }

    /**
     * Requests that a unit let pass as they were.
     *
     * @param requests how many
     * @param byRequester how many by the id the requests carried
     * @param landed how many of them went where
     */
    public record Untranslated(long requests, SortedMap<String, Long> byRequester,
            Landed landed) { }

    /**
     * Where untranslated requests went.
     *
     * @param captureKernel its image, or pages that it has given out
     * @param oldMemory memory of the crashed kernel
     * @param freeMemory memory of the capture kernel that it has not given out
     * @param mmio windows of devices
     * @param nothing where nothing answers
     */
    public record Landed(long captureKernel, long oldMemory, long freeMemory, long mmio,
            long nothing) { }

    /**
     * An error that a port reported.
     *
     * @param reporter requester id of the port
     * @param kind such as "unsupported request"
     * @param severity "correctable", "non-fatal" or "fatal"
     * @param requests how many stand behind it
     * @param gates the enables that were open on the way
     * @param became what became of it, such as "system error"
     */
    public record ErrorReport(String reporter, String kind, String severity, long requests,
            String gates, String became) {

        /** Returns this report with one request more behind it. */
        public ErrorReport oneMore() {
            return new ErrorReport(reporter, kind, severity, requests + 1, gates, became);
        }
    }

    /**
     * Interrupt messages since the crash.
     *
     * @param stray that reached a vector which the capture kernel has not set up
     * @param blocked of devices that the capture kernel has not taken over, which a unit blocked
     * @param lost of the capture kernel's own devices, which a unit blocked
     */
    public record Interrupts(long stray, long blocked, long lost) { }

    /** A driver that gave up, and why. */
    public record DriverFailure(String requester, String reason) { }

    /** Returns whether nothing went wrong. */
    public boolean clean() {
        return captureKernel.equals("ok") && dump.equals("complete") && faults.requests() == 0
                && untranslatedDma.requests() == 0 && driversFailed.isEmpty()
                && mediaBlocksWrong == 0 && framesWrong == 0;
    }
}

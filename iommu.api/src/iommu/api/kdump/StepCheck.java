// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.memory.AddressRange;

/**
 * What no kernel could do whatever the machine is: a step that asks for it is a mistake of the
 * policy, and no machine refuses it. The engine ends the run of a policy that asks for such a step.
 * Stateless.
 */
public final class StepCheck {

    /** Longest time that one step may take, an hour: a machine without a watchdog waits no more. */
    public static final long MAX_NANOS = 3_600_000_000_000L;
    /** Longest line that a console takes. */
    public static final int MAX_LINE = 4096;
    /** Longest reason that a table of results has room for. */
    public static final int MAX_REMARK = 200;
    private static final int REGISTER_SPACE = 1 << 20;
    private static final int CONFIG_SPACE = 4096;

    private StepCheck() { }

    /**
     * Returns what is wrong with a step, in a clause without a full stop; null if nothing is.
     *
     * @param step null is wrong, too
     */
    public static String wrong(Step step) {
        if (step == null) {
            return "null among its steps";
        }
        if (step instanceof Step.WriteRegister s) {
            return register(s.offset(), s.bytes());
        } else if (step instanceof Step.WaitRegister s) {
            String wrong = register(s.offset(), s.bytes());
            return wrong != null ? wrong : time(s.timeoutNanos());
        } else if (step instanceof Step.WriteConfig s) {
            return access(s.offset(), s.bytes(), CONFIG_SPACE, s.bytes() == 1 || s.bytes() == 2
                    || s.bytes() == 4);
        } else if (step instanceof Step.AwaitReady s) {
            return s.reset() == null || s.reset().length() > MAX_LINE
                    ? "no reset, or one of more than " + MAX_LINE + " characters" : null;
        } else if (step instanceof Step.WriteMemory s) {
            return (s.physicalAddress() & 7) != 0 ? "an address that is no multiple of 8" : null;
        } else if (step instanceof Step.Sleep s) {
            return time(s.nanos());
        } else if (step instanceof Step.Print s) {
            return s.line() == null || s.line().length() > MAX_LINE
                    ? "no line, or one of more than " + MAX_LINE + " characters" : null;
        } else if (step instanceof Step.Remark s) {
            return s.reason() == null || s.reason().isBlank() || s.reason().length() > MAX_REMARK
                    ? "no reason, or one of more than " + MAX_REMARK + " characters" : null;
        } else if (step instanceof Step.ReserveIova s) {
            return range(s.range());
        } else if (step instanceof Step.IdentityMap s) {
            return range(s.range());
        } else if (step instanceof Step.AdoptTables s) {
            return s.depth() == null ? "no depth" : null;
        } else if (step instanceof Step.CopyTables s) {
            return s.depth() == null ? "no depth" : null;
        }
        return null;
    }

    private static String register(int offset, int bytes) {
        return access(offset, bytes, REGISTER_SPACE, bytes == 4 || bytes == 8);
    }

    private static String access(int offset, int bytes, int space, boolean width) {
        return !width || offset < 0 || offset > space - bytes || offset % bytes != 0
                ? "an access of " + bytes + " bytes at offset " + offset : null;
    }

    private static String time(long nanos) {
        return nanos < 0 || nanos > MAX_NANOS
                ? nanos + " ns, not of 0 to " + MAX_NANOS : null;
    }

    private static String range(AddressRange range) {
        return range == null ? "no range"
                : ((range.start() | range.end()) & 4095) != 0 ? "a range that is no whole pages"
                        : null;
    }
}

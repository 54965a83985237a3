// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.PciFunction;
import iommu.api.pcie.PciFunction.InjectedError;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Errors that functions detect because they were asked to, as Linux's aer-inject has them do: of
 * any function, be it a port or have no device. From there on hardware decides. One thread.
 */
final class ErrorInjections {

    /** Option: the instant of the error. */
    static final String AT = "aer.injectNanos";
    /** Option: bits of Uncorrectable Error Status. */
    static final String UNCORRECTABLE = "aer.uncorrectable";
    /** Option: bits of Correctable Error Status. */
    static final String CORRECTABLE = "aer.correctable";
    /** Option: first and second dword of the packet's header. */
    static final String HEADER_01 = "aer.header01";
    /** Option: third and fourth. */
    static final String HEADER_23 = "aer.header23";
    /** All. */
    static final Set<String> OPTIONS = Collections.unmodifiableSet(new TreeSet<>(
            Set.of(AT, UNCORRECTABLE, CORRECTABLE, HEADER_01, HEADER_23)));

    private ErrorInjections() { }

    /**
     * Plans what was asked for.
     *
     * @throws IllegalArgumentException if an instant is negative or missing, or there is no error
     */
    static void plan(Machine machine, DeviceSetup setup) {
        setup.options().forEach((requester, asked) -> {
            PciFunction function = machine.fabric().function(requester);
            if (function != null && asked.keySet().stream().anyMatch(OPTIONS::contains)) {
                plan(machine, function, asked);
            }
        });
    }

    private static void plan(Machine machine, PciFunction function, Map<String, Long> asked) {
        long at = asked.getOrDefault(AT, -1L);
        if (at < 0) {
            throw new IllegalArgumentException(asked.containsKey(AT) ? AT + " = " + at
                    : "an error without its instant, " + AT);
        }
        var error = new InjectedError(bits(asked, UNCORRECTABLE), bits(asked, CORRECTABLE),
                asked.getOrDefault(HEADER_01, 0L), asked.getOrDefault(HEADER_23, 0L));
        machine.queue().schedule(Math.max(0, at - machine.queue().nanos()), () -> {
            Trace trace = machine.trace();
            int before = trace.enter(trace.append(EventKind.ERROR_INJECTED,
                    function.requesterId(), Integer.toUnsignedLong(error.uncorrectable()),
                    error.correctable()));
            function.injectError(error);
            trace.leave(before);
        });
    }

    private static int bits(Map<String, Long> asked, String name) {
        long bits = asked.getOrDefault(name, 0L);
        if (bits != (int) bits) {
            throw new IllegalArgumentException(name + " = " + bits + ", expected 32 bits");
        }
        return (int) bits;
    }
}

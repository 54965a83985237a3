// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Bounds on time: of the processor, as builds share machines. */
public final class Bounded {

    private static final long SECOND_NANOS = 1_000_000_000L;

    private Bounded() { }

    /** Checks that {@code act} takes this thread less than a second. */
    public static void bySecond(ThrowingCallable act) {
        var threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        try {
            act.call();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        assertThat(threads.getCurrentThreadCpuTime() - start).as("nanoseconds")
                .isLessThan(SECOND_NANOS);
    }
}

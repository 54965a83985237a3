// SPDX-License-Identifier: Apache-2.0
package devices.pcie.bmc;

import devices.pcie.link.DeviceOptions;
import devices.pcie.link.MemoryAccess;
import devices.pcie.link.Timer;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;
import java.util.List;

/**
 * The controller. In the memory reserved for it the first 64 bytes are the host's to write requests
 * into; the rest it fills with reports, 64 bytes at a time, round and round. It looks for a request
 * and writes a report every period, from power-up on and for ever. An aborted read is no request.
 * With bus mastering off it waits; after a reset of the function it is silent. One thread.
 */
final class ManagementController implements Device {

    /** Option: from one report to the next, in nanoseconds; 0: none. */
    static final String REPORT_NANOS = "reportNanos";
    /** Sensors are read ten times a second; assumed. */
    private static final long USUAL_NANOS = 100_000_000;
    private static final int REPORT_BYTES = 64;
    private static final int REQUEST_BYTES = 8;
    private static final int BAR_BYTES = 256;
    private static final List<Bar> BARS = List.of(Bar.memory(0, BAR_BYTES));
    /** What its one register reads: "BMC0". */
    static final int IDENTIFICATION = 0x3043_4d42;

    private final DeviceContext context;
    private final MemoryAccess memory;
    private final Timer next;
    private final long periodNanos;
    private final long start;
    private final long reports;
    private final long goneFromNanos;
    private final byte[] request = new byte[REQUEST_BYTES];
    private final byte[] report = new byte[REPORT_BYTES];
    private long number;
    private boolean silent;

    ManagementController(DeviceContext context) {
        this.context = context;
        memory = new MemoryAccess(context.dma());
        periodNanos = Math.max(0, context.option(REPORT_NANOS, USUAL_NANOS));
        start = context.option(DeviceContext.RESERVED_START, 0);
        reports = context.option(DeviceContext.RESERVED_BYTES, 0) / REPORT_BYTES - 1;
        goneFromNanos = context.option(DeviceOptions.GONE_FROM_NANOS, Long.MAX_VALUE);
        next = new Timer(context, this::work);
        wake();
    }

    @Override
    public List<Bar> bars() {
        return BARS;
    }

    @Override
    public int readRegister(int offset) {
        return offset == 0 ? IDENTIFICATION : 0;
    }

    @Override
    public void reset() {
        silent = true;
        next.cancel();
        number = 0;
        context.dropped();
    }

    @Override
    public boolean present() {
        return goneFromNanos == Long.MAX_VALUE || context.nanos() < goneFromNanos;
    }

    @Override
    public void busMasterEnabled(boolean enabled) {
        if (enabled && !next.isSet()) {
            wake();
        }
    }

    private void wake() {
        if (periodNanos > 0 && reports > 0 && !silent) {
            next.set(periodNanos);
        }
    }

    private void work() {
        if (!present() || !context.function().busMaster()) {
            return;
        }
        context.request(number);
        if (context.dma().read(start, request, 0, REQUEST_BYTES) != CompletionStatus.SUCCESS) {
            request[0] = 0;
        }
        context.fetch(Medium.FRAMES, number, report, 0, REPORT_BYTES);
        report[0] = request[0];
        memory.write(start + REPORT_BYTES * (1 + number % reports), report, 0, REPORT_BYTES);
        number++;
        wake();
    }
}

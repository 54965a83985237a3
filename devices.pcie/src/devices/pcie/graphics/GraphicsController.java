// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.DSPACNTR;
import static devices.pcie.graphics.GraphicsLayout.DSPASTRIDE;
import static devices.pcie.graphics.GraphicsLayout.DSPASURF;
import static devices.pcie.graphics.GraphicsLayout.ENABLE;
import static devices.pcie.graphics.GraphicsLayout.FULL_RESET;
import static devices.pcie.graphics.GraphicsLayout.GDRST;
import static devices.pcie.graphics.GraphicsLayout.LINES;
import static devices.pcie.graphics.GraphicsLayout.PIPEACONF;
import static devices.pcie.graphics.GraphicsLayout.PIPEASRC;
import static devices.pcie.graphics.GraphicsLayout.PIPEASTAT;
import static devices.pcie.graphics.GraphicsLayout.PIXELS;
import static devices.pcie.graphics.GraphicsLayout.RING_CTL;
import static devices.pcie.graphics.GraphicsLayout.RING_TAIL;
import static devices.pcie.graphics.GraphicsLayout.STATE;
import static devices.pcie.graphics.GraphicsLayout.STRIDE;
import static devices.pcie.graphics.GraphicsLayout.UNDERRUN;

import devices.pcie.link.DeviceOptions;
import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import java.util.List;

/**
 * The controller. Its display reads the surface line by line and round again, for ever, whatever
 * kernels do; firmware has set it up if there is stolen memory. What cannot be read is an underrun:
 * the screen flickers, nothing else. A reset of the function leaves it dark. Its blitter works as
 * far as its ring has commands. One thread.
 *
 * <p>Of what a display reads, a line of 64 bytes in each page is read, one page after the other.
 */
final class GraphicsController implements Device {

    /** Option: whether the display is on from power-up; 1. */
    static final String DISPLAY_ON = "displayOn";
    /** Option: from one line that the display reads to the next, in nanoseconds. */
    static final String SCAN_NANOS = "scanNanos";

    private static final long USUAL_SCAN_NANOS = 1_000_000;
    private static final long LEAST_SCAN_NANOS = 1_000;
    private static final int PAGE = 4096;
    private static final int LINE_BYTES = 64;
    private static final int PIXEL_BYTES = 4;
    /** What firmware sets up, in lines and pixels. */
    private static final int FIRMWARE_LINES = 768;
    private static final int FIRMWARE_PIXELS = 1024;
    private static final List<Bar> BARS =
            List.of(Bar.wideMemory(0, GraphicsLayout.BAR_BYTES, false));

    private final DeviceContext context;
    private final RegisterFile registers =
            new RegisterFile(GraphicsLayout.REGISTER_BYTES, GraphicsLayout.registers());
    private final TranslationTable table;
    private final Blitter blitter;
    private final Timer scan;
    private final long scanNanos;
    private final boolean ignoresReset;
    private final long goneFromNanos;
    private final byte[] line = new byte[LINE_BYTES];
    private long scanned;

    /** Makes one that firmware has set up. */
    GraphicsController(DeviceContext context) {
        this.context = context;
        scanNanos = context.option(SCAN_NANOS, USUAL_SCAN_NANOS);
        if (scanNanos < LEAST_SCAN_NANOS) {
            throw new IllegalArgumentException(SCAN_NANOS + " is less than " + LEAST_SCAN_NANOS);
        }
        ignoresReset = context.option(DeviceOptions.IGNORES_RESET, 0) != 0;
        goneFromNanos = context.option(DeviceOptions.GONE_FROM_NANOS, Long.MAX_VALUE);
        table = new TranslationTable(StolenMemory.of(context::option));
        blitter = new Blitter(context, registers, table);
        scan = new Timer(context, this::scan);
        registers.onWrite(GDRST, (written, mask) -> resetEngines());
        registers.onWrite(PIPEACONF, (written, mask) -> display());
        registers.onWrite(DSPACNTR, (written, mask) -> display());
        registers.onWrite(RING_TAIL, (written, mask) -> blitter.wake());
        registers.onWrite(RING_CTL, (written, mask) -> blitter.wake());
        if (context.option(DISPLAY_ON, 1) != 0 && table.stolen().pages() > 0) {
            registers.set(PIPEASRC, LINES, FIRMWARE_LINES - 1);
            registers.set(PIPEASRC, PIXELS, FIRMWARE_PIXELS - 1);
            registers.set(DSPASTRIDE, STRIDE.inPlace(FIRMWARE_PIXELS * PIXEL_BYTES));
            registers.set(DSPACNTR, ENABLE, 1);
            registers.set(PIPEACONF, ENABLE, 1);
            display();
        }
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public List<Bar> bars() {
        return BARS;
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        if (offset >= GraphicsLayout.TABLE_AT) {
            long at = offset - GraphicsLayout.TABLE_AT;
            long entry = isEntry(at) ? table.entry(at / GraphicsLayout.ENTRY_BYTES) : 0;
            return entry >>> at % GraphicsLayout.ENTRY_BYTES * Byte.SIZE;
        }
        int at = GraphicsLayout.held(offset);
        return at < 0 ? 0 : registers.read(at, bytes);
    }

    /** Entries are written as a whole. */
    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        long at = offset - GraphicsLayout.TABLE_AT;
        if (at >= 0) {
            if (bytes == GraphicsLayout.ENTRY_BYTES && isEntry(at)) {
                table.write(at / bytes, value);
            }
            return;
        }
        int held = GraphicsLayout.held(offset);
        if (held >= 0) {
            registers.write(held, bytes, value);
        }
    }

    private boolean isEntry(long at) {
        return at / GraphicsLayout.ENTRY_BYTES < table.stolen().entries();
    }

    private void resetEngines() {
        if (FULL_RESET.isSet(registers.get(GDRST)) && !ignoresReset) {
            blitter.reset();
            context.dropped();
            registers.set(GDRST, FULL_RESET, 0);
        }
    }

    // ---- function -------------------------------------------------------------------------------

    @Override
    public void reset() {
        scan.cancel();
        scanned = 0;
        registers.reset();
        blitter.reset();
        context.dropped();
    }

    @Override
    public boolean present() {
        return goneFromNanos == Long.MAX_VALUE || context.nanos() < goneFromNanos;
    }

    @Override
    public void busMasterEnabled(boolean enabled) {
        if (enabled) {
            display();
            blitter.wake();
        }
    }

    // ---- display --------------------------------------------------------------------------------

    private boolean isOn() {
        return ENABLE.isSet(registers.get(PIPEACONF));
    }

    /** The pipe follows its switch at once. */
    private void display() {
        registers.set(PIPEACONF, STATE, isOn() ? 1 : 0);
        if (isOn() && ENABLE.isSet(registers.get(DSPACNTR)) && !scan.isSet()) {
            scan.set(scanNanos);
        }
    }

    private void scan() {
        if (!isOn() || !ENABLE.isSet(registers.get(DSPACNTR)) || !present()
                || !context.function().busMaster()) {
            return;
        }
        long bytes = (LINES.of(registers.get(PIPEASRC)) + 1)
                * STRIDE.inPlace(registers.get(DSPASTRIDE));
        long pages = Math.max(1, bytes / PAGE);
        long address = table.translate(
                GraphicsLayout.SURFACE.inPlace(registers.get(DSPASURF)) + scanned % pages * PAGE);
        context.request(-1);
        if (address == TranslationTable.NONE || context.dma().read(address, line, 0, LINE_BYTES)
                != CompletionStatus.SUCCESS) {
            registers.set(PIPEASTAT, UNDERRUN, 1);
        }
        scanned++;
        scan.set(scanNanos);
    }
}

// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static devices.pcie.nvme.NvmeRegisters.ACQ;
import static devices.pcie.nvme.NvmeRegisters.AQA;
import static devices.pcie.nvme.NvmeRegisters.ASQ;
import static devices.pcie.nvme.NvmeRegisters.CC;
import static devices.pcie.nvme.NvmeRegisters.CFS;
import static devices.pcie.nvme.NvmeRegisters.CSTS;
import static devices.pcie.nvme.NvmeRegisters.DOORBELLS;
import static devices.pcie.nvme.NvmeRegisters.EN;
import static devices.pcie.nvme.NvmeRegisters.INTMC;
import static devices.pcie.nvme.NvmeRegisters.INTMS;
import static devices.pcie.nvme.NvmeRegisters.RDY;
import static devices.pcie.nvme.NvmeRegisters.SHN;
import static devices.pcie.nvme.NvmeRegisters.SHST;

import devices.pcie.ats.TranslatedDma;
import devices.pcie.link.Link;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Interrupts;
import java.util.List;

/**
 * The controller: properties and doorbells, being enabled, reset and shut down, and what reaches
 * its interrupts. What goes on in its queues is {@link QueueEngine}'s.
 *
 * <p>An aborted fetch of a submission queue entry is a fatal error (CSTS.CFS), upon which it
 * fetches and completes nothing more until it is reset; an aborted transfer is a Data Transfer
 * Error of its command. Completions are posted writes, whose fate further up it never learns. While
 * bus mastering is off everything waits, and goes on when it is on again. One that wedges does
 * nothing more after an aborted read, and its registers keep their values, until its function is
 * reset. One thread.
 *
 * <p>Source: NVM Express Base Specification, "Controller Properties", "Controller Initialization",
 * "Controller Shutdown", "Controller Level Reset"; NVMe over PCIe Transport Specification,
 * "Interrupts".
 */
final class NvmeController implements Device {

    private static final long SHUTDOWN_NANOS = 500_000;
    private static final int MASKED_VECTORS = 32;
    private static final long SECOND_NANOS = 1_000_000_000;

    private final DeviceContext context;
    private final NvmeOptions options;
    private final TranslatedDma dma;
    private final Interrupts interrupts;
    private final RegisterFile registers = new RegisterFile(NvmeRegisters.PROPERTY_BYTES,
            NvmeRegisters.ALL_REGISTERS);
    private final AsyncEvents events = new AsyncEvents();
    private final AdminCommands admin;
    private final QueueEngine engine;
    private final ShadowDoorbells shadow;
    private final Link link;
    private int generation;
    private int masked;
    /** When the medium has done all that it was given, if it is held to a rate. */
    private long mediumFree;
    private boolean enabled;
    private boolean changing;
    private boolean wedged;

    NvmeController(DeviceContext context) {
        this.context = context;
        options = NvmeOptions.of(context);
        dma = new TranslatedDma(context);
        interrupts = context.interrupts();
        link = Link.of(context.function());
        shadow = new ShadowDoorbells(dma);
        IdentifyPages identify = new IdentifyPages(context, options.sectors(),
                options.shadowDoorbells());
        admin = new AdminCommands(this, identify, options,
                MessageVectors.of(context.function()));
        engine = new QueueEngine(this, context, dma, new IoCommands(this, identify, options),
                options.queuePairs());
        registers.onWrite(CC, (written, mask) -> configured());
        registers.onWrite(INTMS, (written, mask) -> mask(masked | (int) written));
        registers.onWrite(INTMC, (written, mask) -> mask(masked & ~(int) written));
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public List<Bar> bars() {
        return List.of(Bar.wideMemory(0, NvmeRegisters.SPACE_BYTES, false));
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        return offset < NvmeRegisters.PROPERTY_BYTES ? registers.read((int) offset, bytes) : 0;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (wedged) {
            return;
        }
        if (offset < NvmeRegisters.PROPERTY_BYTES) {
            registers.write((int) offset, bytes, value);
        } else if (offset >= DOORBELLS && bytes == NvmeRegisters.DOORBELL_BYTES && isRunning()) {
            int index = (int) (offset - DOORBELLS) / NvmeRegisters.DOORBELL_BYTES;
            engine.doorbell(index / 2, (index & 1) != 0, (int) value & 0xffff);
        }
    }

    private void configured() {
        boolean wanted = EN.isSet(registers.get(CC));
        if (wanted && !enabled) {
            change(true);
        } else if (!wanted && enabled && !options.ignoresReset()) {
            change(false);
        }
        if (enabled && SHN.of(registers.get(CC)) != 0 && SHST.of(registers.get(CSTS)) == 0) {
            registers.set(CSTS, SHST, NvmeRegisters.SHUTDOWN_OCCURRING);
            later(SHUTDOWN_NANOS, this::shutDown);
        } else if (SHN.of(registers.get(CC)) == 0) {
            registers.set(CSTS, SHST, 0);
        }
    }

    private void shutDown() {
        if (SHST.of(registers.get(CSTS)) == NvmeRegisters.SHUTDOWN_OCCURRING) {
            registers.set(CSTS, SHST, NvmeRegisters.SHUTDOWN_COMPLETE);
        }
    }

    /** Runs something unless there is a reset before. */
    private void later(long nanos, Runnable action) {
        int mine = generation;
        context.schedule(nanos, () -> {
            if (mine == generation && !wedged) {
                action.run();
            }
        });
    }

    /**
     * Begins to enable or to reset; ready, or not ready any more, it is later. One that is enabled
     * holds nothing of whoever used it before, however it came to be disabled.
     */
    private void change(boolean on) {
        if (!on) {
            stop();
        } else {
            context.dropped();
        }
        enabled = on;
        if (!changing) {
            changing = true;
            later(options.resetNanos(), this::changed);
        }
    }

    private void changed() {
        changing = false;
        if (!enabled) {
            registers.set(CSTS, 0);
            return;
        }
        if (RDY.isSet(registers.get(CSTS))) {
            // disabled and enabled again meanwhile: first the one, then the other
            registers.set(CSTS, 0);
            change(true);
            return;
        }
        long cc = registers.get(CC);
        long aqa = registers.get(AQA);
        boolean wrong = NvmeRegisters.CSS.of(cc) != 0
                || NvmeRegisters.MPS.of(cc) > NvmeRegisters.MPSMAX.of(NvmeRegisters.CAP.reset())
                || NvmeRegisters.IOSQES.of(cc) != NvmeRegisters.ENTRY_SIZE_SUBMISSION
                || NvmeRegisters.IOCQES.of(cc) != NvmeRegisters.ENTRY_SIZE_COMPLETION
                || NvmeRegisters.ASQS.of(aqa) == 0 || NvmeRegisters.ACQS.of(aqa) == 0
                || (registers.get(ASQ) & pageBytes() - 1) != 0
                || (registers.get(ACQ) & pageBytes() - 1) != 0;
        if (wrong) {
            registers.set(CSTS, CFS, 1);
            return;
        }
        var completions = new CompletionQueue(0, registers.get(ACQ),
                (int) NvmeRegisters.ACQS.of(aqa) + 1, 0, true);
        engine.add(completions);
        engine.add(new SubmissionQueue(0, registers.get(ASQ),
                (int) NvmeRegisters.ASQS.of(aqa) + 1, completions));
        registers.set(CSTS, RDY, 1);
    }

    /** What a controller reset does at once; the queues of the admin registers stay. */
    private void stop() {
        generation++;
        changing = false;
        engine.reset();
        shadow.reset();
        events.reset();
        admin.reset();
        mask(0);
        interrupts.lower();
        dma.resetDevice();
        context.dropped();
    }

    @Override
    public void reset() {
        stop();
        registers.reset();
        enabled = false;
        wedged = false;
        dma.resetFunction();
    }

    // ---- what it is asked -----------------------------------------------------------------------

    /** Returns whether its queues work. */
    boolean isRunning() {
        long status = registers.get(CSTS);
        return enabled && !wedged && RDY.isSet(status) && !CFS.isSet(status) && present();
    }

    boolean isWedged() {
        return wedged || !isRunning();
    }

    /** Returns whether bus mastering is on. */
    boolean maySend() {
        return context.function().busMaster();
    }

    /** Returns the size of a page of memory as the driver has set it. */
    int pageBytes() {
        return 4096 << (int) NvmeRegisters.MPS.of(registers.get(CC));
    }

    /**
     * Has the medium take so many bytes, and returns how long that is from now on: after those
     * before them, if it is held to a rate.
     */
    long useMedium(int bytes) {
        if (options.bytesPerSecond() == 0) {
            return options.mediumNanos();
        }
        long from = Math.max(context.nanos(), mediumFree);
        mediumFree = from + (long) (bytes * (double) SECOND_NANOS / options.bytesPerSecond());
        return options.mediumNanos() + from - context.nanos();
    }

    long nanos() {
        return context.nanos();
    }

    ShadowDoorbells shadow() {
        return shadow;
    }

    Link link() {
        return link;
    }

    AsyncEvents events() {
        return events;
    }

    QueueEngine engine() {
        return engine;
    }

    AdminCommands admin() {
        return admin;
    }

    // ---- what happens to it ---------------------------------------------------------------------

    /** A read of data or of a list was aborted. */
    void aborted() {
        wedged = options.wedgesOnAbort();
    }

    /** The fetch of an entry was aborted. */
    void fatal() {
        registers.set(CSTS, CFS, 1);
        aborted();
    }

    /** Tells of completions in a queue. */
    void raise(CompletionQueue queue) {
        if (queue.vector >= MASKED_VECTORS || (masked >>> queue.vector & 1) == 0) {
            interrupts.raise(queue.vector);
        }
    }

    /** The host has looked at completions: the pin goes when there are none left to look at. */
    void attended() {
        if (!engine.hasNews(masked)) {
            interrupts.lower();
        }
    }

    private void mask(int vectors) {
        int opened = masked & ~vectors;
        masked = vectors;
        registers.set(INTMS, Integer.toUnsignedLong(masked));
        registers.set(INTMC, Integer.toUnsignedLong(masked));
        if (opened != 0) {
            engine.raiseAgain(opened);
        }
        attended();
    }

    @Override
    public void busMasterEnabled(boolean on) {
        if (on) {
            engine.resume();
        }
    }

    @Override
    public boolean present() {
        return options.goneFromNanos() == Long.MAX_VALUE
                || context.nanos() < options.goneFromNanos();
    }

    @Override
    public void translationEnabled(boolean on) {
        dma.enabled(on);
    }

    @Override
    public boolean invalidate(int pasid, long address, int shift, int tag) {
        return dma.invalidate(pasid, address, shift, tag);
    }
}

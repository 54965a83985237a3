// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.BRIDGE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.BUS_MASTER;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.FUNCTION_LEVEL_RESET;
import static devices.pcie.fabric.ConfigLayout.IO_SPACE;
import static devices.pcie.fabric.ConfigLayout.MEMORY_SPACE;
import static devices.pcie.fabric.ConfigLayout.SECONDARY_BUS;
import static devices.pcie.fabric.ConfigLayout.SECONDARY_BUS_RESET;
import static devices.pcie.fabric.ConfigLayout.SUBORDINATE_BUS;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream;
import java.util.ArrayList;
import java.util.List;

/** One function: config space, the device behind it, resets, and its own gate. One thread. */
class FabricFunction implements PciFunction {

    private static final long ALL_ONES = -1;
    private static final int HEADER_TYPE = 0x0e;
    private static final int HEADER_TYPE_MASK = 0x7f;

    private final int requesterId;
    private final ConfigSpace config;
    private final Upstream upstream;
    private final WayUp way = new WayUp(this);
    private final RequestPath path;
    private final RequestTarget target;
    private final ErrorRegisters errors;
    private final boolean isBridge;
    private final BaseAddresses bars;
    private final Interrupts interrupts;
    private final List<FabricFunction> below = new ArrayList<>();
    private final List<FabricFunction> virtual = new ArrayList<>();
    private VirtualFunctions layout;
    /** Of a virtual function; null otherwise. */
    private FabricFunction physical;
    private FabricFunction bridge;
    private Device device;
    private int alias;

    FabricFunction(FunctionConfig captured, Upstream upstream) {
        this(captured.requesterId(), new ConfigSpace(captured), upstream);
        bars.captured();
    }

    FabricFunction(int requesterId, ConfigSpace config, Upstream upstream) {
        this.requesterId = requesterId;
        this.config = config;
        this.upstream = upstream;
        this.alias = requesterId;
        path = new RequestPath(this, way, upstream);
        target = new RequestTarget(this, way, upstream);
        isBridge = (config.read(HEADER_TYPE, 1) & HEADER_TYPE_MASK) == 1;
        bars = new BaseAddresses(config, isBridge);
        interrupts = new Interrupts(config, path, this::pinChanged);
        errors = new ErrorRegisters(this);
    }

    final ConfigSpace config() {
        return config;
    }

    /** Returns the way of its requests. */
    final RequestPath path() {
        return path;
    }

    /** Returns its registers that speak of errors. */
    final ErrorRegisters errors() {
        return errors;
    }

    /** Returns the bridge above, or null. */
    final FabricFunction bridge() {
        return bridge;
    }

    final boolean isBridge() {
        return isBridge;
    }

    /** Returns what is on the bus below this bridge. */
    final List<FabricFunction> below() {
        return below;
    }

    /** Returns its base address registers. */
    final BaseAddresses baseAddresses() {
        return bars;
    }

    /** Returns the number of the bus below this bridge. */
    final int secondaryBus() {
        return config.read(SECONDARY_BUS, 1);
    }

    /** Returns the highest number of the buses below this bridge. */
    final int subordinateBus() {
        return config.read(SUBORDINATE_BUS, 1);
    }

    void device(Device behind) {
        this.device = behind;
        if (behind != null) {
            bars.device(behind, interrupts);
            config.own(behind.configRegisters());
        }
    }

    /** Returns whether a device sits behind it. */
    final boolean hasDevice() {
        return device != null;
    }

    void bridge(FabricFunction above) {
        bridge = above;
        above.below.add(this);
    }

    /** Makes another function a virtual one of this. */
    void virtual(FabricFunction other, VirtualFunctions as) {
        layout = as;
        virtual.add(other);
        other.physical = this;
    }

    private boolean virtualEnabled() {
        return layout != null && (config.read(layout.capability() + VirtualFunctions.CONTROL, 2)
                & VirtualFunctions.ENABLE) != 0;
    }

    /** Finds the id that requests carry upstream; call once all bridges are known. */
    void resolveAlias() {
        for (FabricFunction b = bridge; b != null; b = b.bridge) {
            alias = b.takesOwnership(alias);
        }
    }

    /** Returns the id that a request of {@code id} carries above this bridge. */
    final int takesOwnership(int id) {
        return PortType.idAbove(this, id);
    }

    final int expressType() {
        return PortType.of(config);
    }

    /** Returns whether this is a root port. */
    final boolean isRootPort() {
        return PortType.isRootPort(config);
    }

    /** Returns whether this is a port: a bridge with a link below, or that of a switch. */
    final boolean isPort() {
        return PortType.isPort(config);
    }

    /** Returns whether this is a bridge whose secondary bus is {@code bus}. */
    boolean leadsTo(int segment, int bus) {
        return isBridge && requesterId >>> 16 == segment
                && secondaryBus() == bus && bus != 0
                && subordinateBus() >= bus && RequesterId.bus(requesterId) < bus;
    }

    @Override
    public int requesterId() {
        return requesterId;
    }

    @Override
    public int alias() {
        return alias;
    }

    @Override
    public int readConfig(int offset, int bytes) {
        check(offset, bytes);
        int ones = (int) (ALL_ONES >>> 64 - 8 * bytes);
        return switch (target.asked()) {
            case SUCCESS -> config.read(offset, bytes);
            case REQUEST_RETRY -> target.retried(offset, bytes) & ones;
            default -> ones;
        };
    }

    /** Returns whether the link above is held in reset. */
    boolean isHeld() {
        return way.isReset();
    }

    /** Returns how the device completes what reaches it. */
    final CompletionStatus completion() {
        CompletionStatus how = physical == null ? CompletionStatus.SUCCESS
                : physical.completion();
        return how != CompletionStatus.SUCCESS || device == null ? how : device.completion();
    }

    @Override
    public boolean busMaster() {
        return !isThere() || BUS_MASTER.isSet(config.command());
    }

    @Override
    public void writeConfig(int offset, int bytes, int value) {
        check(offset, bytes);
        if (target.asked() != CompletionStatus.SUCCESS) {
            return;
        }
        boolean held = isLinkDown();
        boolean translated = config.translationEnabled();
        boolean master = BUS_MASTER.isSet(config.command());
        boolean virtualThere = virtualEnabled();
        config.write(offset, bytes, value);
        interrupts.configWritten();
        if (device != null && BUS_MASTER.isSet(config.command()) != master) {
            device.busMasterEnabled(!master);
        }
        config.tell(offset, bytes, device);
        if (virtualThere && !virtualEnabled()) {
            virtual.forEach(FabricFunction::reset);
        }
        if (device != null && config.translationEnabled() != translated) {
            device.translationEnabled(!translated);
        }
        errors.written(offset, bytes, value);
        if (!held && inSecondaryReset()) {
            linkDown();
        } else if (held && !isLinkDown()) {
            below.forEach(FabricFunction::resetEnded);
        }
        if (config.express() > 0 && touches(offset, bytes, config.express() + DEVICE_CONTROL + 1)
                && FUNCTION_LEVEL_RESET.isSet((long) value << 8 * (offset - config.express()
                        - DEVICE_CONTROL))) {
            reset();
        }
    }

    final boolean isThere() {
        return (device == null || device.present())
                && (physical == null || physical.isThere() && physical.virtualEnabled());
    }

    private static boolean touches(int offset, int bytes, int at) {
        return offset <= at && at < offset + bytes;
    }

    final boolean inSecondaryReset() {
        return isBridge && SECONDARY_BUS_RESET.isSet(config.read(BRIDGE_CONTROL, 2));
    }

    /** Returns whether nothing passes between this bridge and what is below. */
    final boolean isLinkDown() {
        return inSecondaryReset() || errors.isContaining();
    }

    /** Resets what is below: that is what it makes of a link that goes down. */
    final void linkDown() {
        below.forEach(FabricFunction::conventionalReset);
    }

    private void conventionalReset() {
        reset();
        below.forEach(FabricFunction::conventionalReset);
    }

    /** A bridge that a reset has reached holds nothing in reset itself any more. */
    private void resetEnded() {
        if (device != null) {
            device.resetEnded();
        }
        virtual.forEach(FabricFunction::resetEnded);
        below.forEach(FabricFunction::resetEnded);
    }

    private void reset() {
        config.reset();
        interrupts.reset();
        if (device != null) {
            device.reset();
        }
        virtual.forEach(FabricFunction::reset);
    }

    private static void check(int offset, int bytes) {
        boolean width = bytes == 1 || bytes == 2 || bytes == 4;
        if (!width || offset < 0 || offset > 4096 - bytes || offset % bytes != 0) {
            throw new IllegalArgumentException(
                    "config access at 0x" + Integer.toHexString(offset) + ", " + bytes + " bytes");
        }
    }

    @Override
    public List<Bar> bars() {
        return bars.all();
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        long ones = Bar.ones(bytes);
        if (!decodes(bar, offset, bytes) || target.asked() != CompletionStatus.SUCCESS) {
            return ones;
        }
        return ones & (interrupts.holds(bar, offset) ? interrupts.read(bar, offset, bytes)
                : device.readRegister(bar, offset, bytes));
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        long ones = Bar.ones(bytes);
        if (!decodes(bar, offset, bytes) || completion() != CompletionStatus.SUCCESS) {
            return;
        }
        if (interrupts.holds(bar, offset)) {
            interrupts.write(bar, offset, bytes, value & ones);
        } else {
            device.writeRegister(bar, offset, bytes, value & ones);
        }
    }

    private boolean decodes(int bar, long offset, int bytes) {
        Bar space = bars.behind(bar);
        return space != null && space.takes(offset, bytes) && isThere()
                && (space.io() ? IO_SPACE : MEMORY_SPACE).isSet(config.command());
    }

    /** Returns whether it takes requests for memory. */
    final boolean decodesMemory() {
        return isThere() && MEMORY_SPACE.isSet(config.command());
    }

    /** Returns its interrupts. */
    final Interrupts interrupts() {
        return interrupts;
    }

    /** A link that goes down takes the level with it: ports deassert for what was below. */
    private void pinChanged(int pin, boolean asserted) {
        if (!asserted || isThere() && !way.isReset()) {
            upstream.interruptPin(requesterId(), pin, asserted);
        }
    }

    /**
     * {@inheritDoc} Messages need no bus mastering. A function whose services are off answers at
     * once, as it holds nothing; whether all do is uncertain.
     */
    @Override
    public void invalidateTranslations(int pasid, long address, int shift, int tag) {
        if (!config.hasTranslationServices() || alias() != requesterId() || !isThere()
                || way.isReset()) {
            return;
        }
        if (!config.translationEnabled() || device == null
                || device.invalidate(pasid, address, shift, tag)) {
            path.invalidationCompleted(tag);
        }
    }

    // ---- errors ---------------------------------------------------------------------------------

    @Override
    public void injectError(InjectedError error) {
        if (isThere()) {
            ErrorReporting.injected(this, error, upstream);
        }
    }

    // ---- gates ----------------------------------------------------------------------------------

    /** Returns whether this function may send requests. */
    final boolean ownGate() {
        return isThere() && BUS_MASTER.isSet(config.command());
    }

    /** Returns whether this bridge stops what comes from below. */
    boolean isClosed() {
        return !ownGate() || isLinkDown();
    }
}

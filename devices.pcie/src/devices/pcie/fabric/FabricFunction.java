// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.BRIDGE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.BUS_MASTER;
import static devices.pcie.fabric.ConfigLayout.COMMAND;
import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_FLAGS;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_TYPE;
import static devices.pcie.fabric.ConfigLayout.FUNCTION_LEVEL_RESET;
import static devices.pcie.fabric.ConfigLayout.MEMORY_SPACE;
import static devices.pcie.fabric.ConfigLayout.NON_FATAL_REPORTING;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL;
import static devices.pcie.fabric.ConfigLayout.SECONDARY_BUS;
import static devices.pcie.fabric.ConfigLayout.SECONDARY_BUS_RESET;
import static devices.pcie.fabric.ConfigLayout.SERR_ENABLE;
import static devices.pcie.fabric.ConfigLayout.SUBORDINATE_BUS;
import static devices.pcie.fabric.ConfigLayout.SYSTEM_ERROR_ON_NON_FATAL;
import static devices.pcie.fabric.ConfigLayout.TYPE_DOWNSTREAM_PORT;
import static devices.pcie.fabric.ConfigLayout.TYPE_EXPRESS_TO_PCI;
import static devices.pcie.fabric.ConfigLayout.TYPE_ROOT_PORT;
import static devices.pcie.fabric.ConfigLayout.TYPE_UPSTREAM_PORT;
import static devices.pcie.fabric.ConfigLayout.UNSUPPORTED_REQUEST_REPORTING;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One function: config space, the device behind it, the gates its requests pass. One thread. */
final class FabricFunction implements PciFunction, DmaPort {

    private static final long ALL_ONES = -1;

    private final int requesterId;
    private final ConfigSpace config;
    private final Upstream upstream;
    private final List<FabricFunction> below = new ArrayList<>();
    private FabricFunction bridge;
    private Device device;
    private int alias;

    FabricFunction(FunctionConfig captured, Upstream upstream) {
        this.requesterId = captured.requesterId();
        this.config = new ConfigSpace(captured);
        this.upstream = upstream;
        this.alias = requesterId;
    }

    void device(Device behind) {
        this.device = behind;
        if (behind != null && behind.registerBytes() > 0) {
            config.sizeFirstBar(behind.registerBytes());
        }
    }

    void bridge(FabricFunction above) {
        bridge = above;
        above.below.add(this);
    }

    /** Finds the id that requests carry upstream; call once all bridges are known. */
    void resolveAlias() {
        for (FabricFunction b = bridge; b != null; b = b.bridge) {
            alias = b.takesOwnership(alias);
        }
    }

    /**
     * Returns the id that a request of {@code id} carries above this bridge. Ports pass ids on; a
     * bridge from PCI Express to PCI answers with device 0 of its secondary bus, a conventional
     * bridge with its own id.
     *
     * <p>Source: PCI Express to PCI/PCI-X Bridge Specification, "Requester ID"; Linux,
     * pci_for_each_dma_alias.
     */
    private int takesOwnership(int id) {
        if (config.express() == 0) {
            return requesterId;
        }
        return switch (expressType()) {
            case TYPE_ROOT_PORT, TYPE_UPSTREAM_PORT, TYPE_DOWNSTREAM_PORT -> id;
            case TYPE_EXPRESS_TO_PCI ->
                    RequesterId.of(requesterId >>> 16, config.read(SECONDARY_BUS, 1), 0, 0);
            default -> requesterId;
        };
    }

    private int expressType() {
        return (int) EXPRESS_TYPE.of(config.read(config.express() + EXPRESS_FLAGS, 2));
    }

    /** Returns whether this is a bridge whose secondary bus is {@code bus}. */
    boolean leadsTo(int segment, int bus) {
        return headerType() == 1 && requesterId >>> 16 == segment
                && config.read(SECONDARY_BUS, 1) == bus && bus != 0
                && config.read(SUBORDINATE_BUS, 1) >= bus && RequesterId.bus(requesterId) < bus;
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
        return isThere() ? config.read(offset, bytes) : (int) (ALL_ONES >>> 64 - 8 * bytes);
    }

    @Override
    public void writeConfig(int offset, int bytes, int value) {
        check(offset, bytes);
        if (!isThere()) {
            return;
        }
        boolean held = inSecondaryReset();
        boolean translated = config.translationEnabled();
        config.write(offset, bytes, value);
        if (device != null && config.translationEnabled() != translated) {
            device.translationEnabled(!translated);
        }
        if (!held && inSecondaryReset()) {
            below.forEach(FabricFunction::conventionalReset);
        }
        if (config.express() > 0 && touches(offset, bytes, config.express() + DEVICE_CONTROL + 1)
                && FUNCTION_LEVEL_RESET.isSet((long) value << 8 * (offset - config.express()
                        - DEVICE_CONTROL))) {
            reset();
        }
    }

    private boolean isThere() {
        return device == null || device.present();
    }

    private static boolean touches(int offset, int bytes, int at) {
        return offset <= at && at < offset + bytes;
    }

    private boolean inSecondaryReset() {
        return headerType() == 1 && SECONDARY_BUS_RESET.isSet(config.read(BRIDGE_CONTROL, 2));
    }

    private void conventionalReset() {
        reset();
        below.forEach(FabricFunction::conventionalReset);
    }

    private void reset() {
        config.reset();
        if (device != null) {
            device.reset();
        }
    }

    private static void check(int offset, int bytes) {
        boolean width = bytes == 1 || bytes == 2 || bytes == 4;
        if (!width || offset < 0 || offset > 4096 - bytes || offset % bytes != 0) {
            throw new IllegalArgumentException(
                    "config access at 0x" + Integer.toHexString(offset) + ", " + bytes + " bytes");
        }
    }

    @Override
    public int readRegister(int offset) {
        return decodes() ? device.readRegister(offset) : (int) ALL_ONES;
    }

    @Override
    public void writeRegister(int offset, int value) {
        if (decodes()) {
            device.writeRegister(offset, value);
        }
    }

    @Override
    public long readRegister(int offset, int bytes) {
        return decodes() ? device.readRegister(offset, bytes) : ALL_ONES >>> 64 - 8 * bytes;
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        if (decodes()) {
            device.writeRegister(offset, bytes, value);
        }
    }

    private boolean decodes() {
        return device != null && device.present() && MEMORY_SPACE.isSet(config.read(COMMAND, 2));
    }

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        CompletionStatus status = ownGate() && bridgeGates()
                ? upstream.read(requesterId, alias, address, to, offset, bytes)
                : CompletionStatus.UNSUPPORTED_REQUEST;
        if (status != CompletionStatus.SUCCESS) {
            reportAtRootPort();
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        }
        return status;
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        if (!ownGate()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (bridgeGates() && upstream.write(requesterId, alias, address, from, offset, bytes)
                != CompletionStatus.SUCCESS) {
            reportAtRootPort();
        }
        return CompletionStatus.SUCCESS;
    }

    // ---- address translation services -----------------------------------------------------------

    /**
     * {@inheritDoc} Behind a bridge that gives its own id, or one to conventional PCI, there are
     * none: packets have no address type there.
     */
    @Override
    public boolean translationEnabled() {
        return alias == requesterId && config.translationEnabled() && ownGate();
    }

    @Override
    public long translationRequest(long address, int access) {
        return translationEnabled() && bridgeGates()
                ? upstream.translationRequest(requesterId, alias, address, access)
                : TranslationCompletion.unsupportedRequest();
    }

    @Override
    public CompletionStatus readTranslated(long physicalAddress, long untranslated, byte[] to,
            int offset, int bytes) {
        CompletionStatus status = translationEnabled() && bridgeGates()
                ? upstream.readTranslated(requesterId, alias, physicalAddress, untranslated, to,
                        offset, bytes)
                : CompletionStatus.UNSUPPORTED_REQUEST;
        if (status != CompletionStatus.SUCCESS) {
            reportAtRootPort();
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
        }
        return status;
    }

    @Override
    public CompletionStatus writeTranslated(long physicalAddress, long untranslated, byte[] from,
            int offset, int bytes) {
        if (!translationEnabled()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (bridgeGates() && upstream.writeTranslated(requesterId, alias, physicalAddress,
                untranslated, from, offset, bytes) != CompletionStatus.SUCCESS) {
            reportAtRootPort();
        }
        return CompletionStatus.SUCCESS;
    }

    /**
     * {@inheritDoc} Messages need no bus mastering. A function whose services are off answers at
     * once, as it holds nothing; whether all do is uncertain.
     */
    @Override
    public void invalidateTranslations(int pasid, long address, int shift, int tag) {
        if (!config.hasTranslationServices() || alias != requesterId || !isThere()
                || behindReset()) {
            return;
        }
        if (!config.translationEnabled() || device == null
                || device.invalidate(pasid, address, shift, tag)) {
            invalidationCompleted(tag);
        }
    }

    @Override
    public void invalidationCompleted(int tag) {
        if (isThere() && !behindReset()) {
            upstream.invalidationCompleted(requesterId, alias, tag);
        }
    }

    private boolean behindReset() {
        for (FabricFunction b = bridge; b != null; b = b.bridge) {
            if (b.inSecondaryReset()) {
                return true;
            }
        }
        return false;
    }

    // ---- gates ----------------------------------------------------------------------------------

    private boolean ownGate() {
        return isThere() && BUS_MASTER.isSet(config.read(COMMAND, 2));
    }

    private boolean bridgeGates() {
        for (FabricFunction b = bridge; b != null; b = b.bridge) {
            if (!b.ownGate() || b.inSecondaryReset()) {
                return false;
            }
        }
        return true;
    }

    /**
     * Lets the root port above report a request that nobody completed. It becomes a system error
     * only through a chain of gates; each is looked at.
     *
     * <p>Source: PCI Express Base Specification, "Error Messages" and "Root Control Register".
     */
    private void reportAtRootPort() {
        FabricFunction port = this;
        while (port.bridge != null) {
            port = port.bridge;
        }
        ConfigSpace c = port.config;
        if (c.express() == 0 || port.expressType() != TYPE_ROOT_PORT) {
            return;
        }
        int control = c.read(c.express() + DEVICE_CONTROL, 2);
        boolean message = UNSUPPORTED_REQUEST_REPORTING.isSet(control)
                && (NON_FATAL_REPORTING.isSet(control) || SERR_ENABLE.isSet(c.read(COMMAND, 2)));
        if (message && SYSTEM_ERROR_ON_NON_FATAL.isSet(c.read(c.express() + ROOT_CONTROL, 2))) {
            upstream.systemError(port.requesterId,
                    "UR reporting, non-fatal reporting or SERR#, system error on non-fatal error");
        }
    }
}

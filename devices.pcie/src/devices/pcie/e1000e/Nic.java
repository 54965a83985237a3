// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.CTRL;
import static devices.pcie.e1000e.NicLayout.CTRL_MASTER_DISABLE;
import static devices.pcie.e1000e.NicLayout.CTRL_PHY_RST;
import static devices.pcie.e1000e.NicLayout.CTRL_RST;
import static devices.pcie.e1000e.NicLayout.CTRL_SLU;
import static devices.pcie.e1000e.NicLayout.EECD;
import static devices.pcie.e1000e.NicLayout.EECD_AUTO_RD;
import static devices.pcie.e1000e.NicLayout.EECD_GRANT;
import static devices.pcie.e1000e.NicLayout.EECD_REQUEST;
import static devices.pcie.e1000e.NicLayout.EERD;
import static devices.pcie.e1000e.NicLayout.ICR;
import static devices.pcie.e1000e.NicLayout.ICS;
import static devices.pcie.e1000e.NicLayout.IMC;
import static devices.pcie.e1000e.NicLayout.IMS;
import static devices.pcie.e1000e.NicLayout.MDIC;
import static devices.pcie.e1000e.NicLayout.RCTL;
import static devices.pcie.e1000e.NicLayout.RDH;
import static devices.pcie.e1000e.NicLayout.RDT;
import static devices.pcie.e1000e.NicLayout.REGISTER_BYTES;
import static devices.pcie.e1000e.NicLayout.STATUS;
import static devices.pcie.e1000e.NicLayout.STATUS_LU;
import static devices.pcie.e1000e.NicLayout.STATUS_MASTER_ENABLE;
import static devices.pcie.e1000e.NicLayout.STATUS_PHYRA;
import static devices.pcie.e1000e.NicLayout.TCTL;
import static devices.pcie.e1000e.NicLayout.TDH;
import static devices.pcie.e1000e.NicLayout.TDT;

import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import java.util.List;

/**
 * A gigabit controller: its registers, and what writing them sets off.
 *
 * <p>CTRL.RST drops all work and all registers, not the PHY's; the EEPROM is read again, and until
 * that is over nothing is read of it and EECD.AUTO_RD is clear. Registers take accesses of 4 bytes
 * and 8; the flash is empty. A chip wedged by an aborted request answers reads of registers with
 * what they held last, and takes no writes. One thread.
 *
 * <p>Source: 82574 datasheet, "Initialization and Reset", "Device Control Register - CTRL"; of the
 * I/O window, Software Developer's Manual, "I/O-Mapped Internal Register, Internal Memory, and
 * Flash".
 */
final class Nic implements Device {

    private static final int IO_DATA = 4;
    private static final BitField EERD_START = BitField.bit(0);
    private static final BitField EERD_WORD = BitField.bits(31, 16);

    private final DeviceContext context;
    private final Chip chip;
    private final NicCore core;
    private final RegisterFile registers;
    private final Nvm nvm;
    private final Management management;
    private final ReceiveUnit receive;
    private final TransmitUnit transmit;
    private final Wire wire;
    private final List<Bar> bars;
    private final int ioBar;
    private int ioAddress;
    private long readyAt;
    private boolean stuck;

    Nic(DeviceContext context) {
        this.context = context;
        chip = Chip.of(context.function());
        bars = chip.bars(context.function());
        ioBar = bars.stream().filter(Bar::io).mapToInt(Bar::index).findFirst().orElse(-1);
        core = new NicCore(context, chip);
        registers = core.registers();
        nvm = new Nvm(context, chip);
        management = new Management(core, new Phy(chip));
        receive = new ReceiveUnit(core, new PacketBuffer(
                (int) NicLayout.PBA_RECEIVE_KIB.of(registers.get(NicLayout.PBA)) << 10));
        transmit = new TransmitUnit(core, this::loopsBack);
        wire = new Wire(core, receive);
        loadAddress();
        handlers();
    }

    private void handlers() {
        registers.onWrite(CTRL, (written, mask) -> control(written));
        registers.onWrite(EERD, (written, mask) -> readWord(written));
        registers.onWrite(MDIC, (written, mask) -> management.access(written));
        registers.onWrite(ICR, (written, mask) -> core.causes().cleared());
        registers.onWrite(ICS, (written, mask) -> setCauses(written));
        registers.onWrite(IMS, (written, mask) -> core.causes().enable(written));
        registers.onWrite(IMC, (written, mask) -> core.causes().disable(written));
        registers.onWrite(RCTL, (written, mask) -> receiveControl());
        registers.onWrite(RDH, (written, mask) -> receive.headWritten());
        registers.onWrite(RDT, (written, mask) -> receiveTail());
        registers.onWrite(TCTL, (written, mask) -> transmit.proceed());
        registers.onWrite(TDH, (written, mask) -> transmit.headWritten());
        registers.onWrite(TDT, (written, mask) -> transmit.proceed());
    }

    @Override
    public List<Bar> bars() {
        return bars;
    }

    // ---- accesses ------------------------------------------------------------------------------

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        if (bar == ioBar) {
            return offset == 0 ? ioAddress : offset == IO_DATA ? readRegister(ioAddress) : 0;
        }
        return bar == 0 ? Device.super.readRegister(0, offset, bytes) : -1;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (bar == ioBar) {
            if (offset == 0 && bytes == 4) {
                ioAddress = (int) value & NicLayout.SPACE_BYTES - 4;
            } else if (offset == IO_DATA && bytes == 4) {
                writeRegister(ioAddress, (int) value);
            }
        } else if (bar == 0) {
            Device.super.writeRegister(0, offset, bytes, value);
        }
    }

    @Override
    public int readRegister(int offset) {
        if (offset >= REGISTER_BYTES) {
            return 0;
        }
        int held = (int) registers.read(offset, 4);
        if (core.bus().isWedged()) {
            return held;
        }
        if (offset == ICR.offset()) {
            return core.causes().read();
        }
        if (offset == ICS.offset() && chip.isExpress()) {
            return (int) registers.get(ICR);
        }
        if (offset == STATUS.offset()) {
            return status(held);
        }
        if (offset == EECD.offset()) {
            return held & ~(int) EECD_GRANT.mask()
                    | (EECD_REQUEST.isSet(held) ? (int) EECD_GRANT.mask() : 0)
                    | (isReady() && chip.isExpress() ? (int) EECD_AUTO_RD.mask() : 0);
        }
        if (!Statistics.holds(offset)) {
            return held;
        }
        wire.settle();
        return core.statistics().take(offset);
    }

    @Override
    public void writeRegister(int offset, int value) {
        if (offset < REGISTER_BYTES && !core.bus().isWedged()) {
            registers.write(offset, 4, Integer.toUnsignedLong(value));
        }
    }

    private int status(int held) {
        boolean up = management.hasLink() && CTRL_SLU.isSet(registers.get(CTRL));
        boolean master = !CTRL_MASTER_DISABLE.isSet(registers.get(CTRL));
        long status = STATUS_LU.with(held, up ? 1 : 0);
        return (int) (chip.isExpress() ? STATUS_MASTER_ENABLE.with(status, master ? 1 : 0)
                : status);
    }

    private boolean isReady() {
        return !stuck && context.nanos() >= readyAt;
    }

    // ---- what writes set off -------------------------------------------------------------------

    private void control(long written) {
        if (CTRL_PHY_RST.isSet(written)) {
            management.resetPhy();
            registers.set(STATUS, registers.get(STATUS) | STATUS_PHYRA.mask());
        }
        registers.set(CTRL, registers.get(CTRL) & ~(CTRL_RST.mask() | CTRL_PHY_RST.mask()));
        core.bus().disabled(chip.isExpress() && CTRL_MASTER_DISABLE.isSet(written));
        if (CTRL_RST.isSet(written)) {
            if (core.options().ignoresReset()) {
                stuck = true;
            } else {
                forget();
                readyAt = context.nanos() + core.options().resetNanos();
            }
        }
    }

    private void readWord(long written) {
        if (!EERD_START.isSet(written)) {
            return;
        }
        long done = isReady() ? chip.eerdDone().mask() : 0;
        int word = nvm.word((int) chip.eerdAddress().of(written));
        registers.set(EERD, EERD_WORD.with(chip.eerdAddress().inPlace(written) | done,
                isReady() ? word : 0));
    }

    private void setCauses(long written) {
        registers.set(ICS, 0);
        core.causes().set(written);
    }

    private void receiveControl() {
        wire.stopCounting();
        receive.controlWritten();
        wire.wake();
    }

    private void receiveTail() {
        receive.proceed();
        wire.wake();
    }

    private boolean loopsBack(byte[] frame, int bytes) {
        boolean mac = chip.isExpress()
                && NicLayout.RCTL_LBM.of(registers.get(RCTL)) % 2 == 1;
        if (!mac && !management.loopsBack()) {
            return false;
        }
        receive.receive(frame, bytes);
        return true;
    }

    // ---- resets --------------------------------------------------------------------------------

    private void forget() {
        wire.stopCounting();
        core.reset();
        receive.reset();
        transmit.reset();
        management.reset();
        loadAddress();
        ioAddress = 0;
        context.dropped();
    }

    @Override
    public void reset() {
        core.bus().recover();
        stuck = false;
        readyAt = 0;
        forget();
        management.resetPhy();
    }

    /** The first receive address is that of the EEPROM. */
    private void loadAddress() {
        writeAddress(NicLayout.RAL, nvm.addressLow());
        writeAddress(NicLayout.RAL + 4, nvm.addressHigh() | (int) NicLayout.RAH_AV.mask());
    }

    private void writeAddress(int offset, int value) {
        registers.write(offset, 4, Integer.toUnsignedLong(value));
    }

    @Override
    public void busMasterEnabled(boolean enabled) {
        core.bus().opened();
    }

    @Override
    public boolean present() {
        return core.isThere();
    }
}

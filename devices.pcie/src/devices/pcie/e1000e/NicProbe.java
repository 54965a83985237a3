// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicLayout.CTRL;
import static devices.pcie.e1000e.NicLayout.CTRL_MASTER_DISABLE;
import static devices.pcie.e1000e.NicLayout.CTRL_RST;
import static devices.pcie.e1000e.NicLayout.EECD;
import static devices.pcie.e1000e.NicLayout.EECD_AUTO_RD;
import static devices.pcie.e1000e.NicLayout.EERD;
import static devices.pcie.e1000e.NicLayout.EXTCNF_CTRL;
import static devices.pcie.e1000e.NicLayout.EXTCNF_MDIO_SW_OWNERSHIP;
import static devices.pcie.e1000e.NicLayout.ICR;
import static devices.pcie.e1000e.NicLayout.IMC;
import static devices.pcie.e1000e.NicLayout.MDIC;
import static devices.pcie.e1000e.NicLayout.MDIC_DATA;
import static devices.pcie.e1000e.NicLayout.MDIC_ERROR;
import static devices.pcie.e1000e.NicLayout.MDIC_OP;
import static devices.pcie.e1000e.NicLayout.MDIC_PHY;
import static devices.pcie.e1000e.NicLayout.MDIC_READY;
import static devices.pcie.e1000e.NicLayout.MDIC_REGISTER;
import static devices.pcie.e1000e.NicLayout.RCTL;
import static devices.pcie.e1000e.NicLayout.STATUS;
import static devices.pcie.e1000e.NicLayout.STATUS_MASTER_ENABLE;
import static devices.pcie.e1000e.NicLayout.TCTL;
import static devices.pcie.e1000e.NicLayout.TCTL_PSP;

import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.Bar;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;

/**
 * What a kernel that knows nothing of a controller does to it until the interface could be opened:
 * decoding and bus mastering on, the PHY told by its ids, reset, the EEPROM checked, the address
 * read, reset again, the link set up. Nothing of it needs DMA.
 *
 * <p>Where Linux's e1000 goes on without an address, and its interface then cannot be opened, this
 * is a failure. It reads the EEPROM by EERD where Linux moves single bits through EECD.
 *
 * <p>Source: Linux, e1000_probe of both drivers, e1000_reset_hw_82571, e1000_reset_hw,
 * e1000e_disable_pcie_master, e1000e_validate_nvm_checksum_generic.
 */
final class NicProbe {

    private static final long MICRO = 1000;
    private static final long MILLI = 1_000_000;
    private static final long DEFAULT_MASTER_TO_RESET = 3 * MILLI;
    static final int COMMAND = 0x04;
    private static final int IO = 1;
    private static final int MEMORY = 2;
    static final int MASTER = 4;
    private static final int VECTORS = 3;
    private static final int CHECKSUM_TRIES = 3;
    private static final long START = 1;
    private static final long WORD = 0xffff;
    private static final int PHY_READ = 2;
    private static final int PHY_WRITE = 1;
    private static final int IDENTIFIER_2 = 3;
    private static final long REVISION = 0xf;

    private final DriverPort port;
    private final PciFunction function;
    private final NicRegisters registers;
    private final Chip chip;
    private final int[] words = new int[Nvm.WORDS];

    NicProbe(DriverPort port, Chip chip) {
        this.port = port;
        this.chip = chip;
        function = port.function();
        registers = new NicRegisters(function);
    }

    /** Returns null, or what the kernel says. */
    String run() {
        enable();
        port.sleep(DeviceOptions.masterToResetNanos(port, DEFAULT_MASTER_TO_RESET));
        if (!knowsPhy()) {
            return "probe failed with error -2";
        }
        reset();
        if (!readWords()) {
            return chip.isExpress() ? "The NVM Checksum Is Not Valid"
                    : "The EEPROM Checksum Is Not Valid";
        }
        if ((words[0] & 1) != 0 || (words[0] | words[1] | words[2]) == 0) {
            return "Invalid MAC Address";
        }
        reset();
        return setUp() ? null : "Hardware Error";
    }

    private void enable() {
        boolean io = !chip.isExpress() && function.bars().stream().anyMatch(Bar::io);
        int command = function.readConfig(COMMAND, 2) | MEMORY | (io ? IO : 0);
        function.writeConfig(COMMAND, 2, command);
        function.writeConfig(COMMAND, 2, command | MASTER);
        if (chip.isExpress()) {
            port.enableInterrupts(VECTORS);
        }
    }

    // ---- reset ---------------------------------------------------------------------------------

    private void reset() {
        if (chip.isExpress()) {
            set(CTRL, CTRL_MASTER_DISABLE.mask());
            await(STATUS, STATUS_MASTER_ENABLE.mask(), 0, 800, 100 * MICRO);
        }
        registers.write(IMC, -1);
        registers.write(RCTL, 0);
        registers.write(TCTL, chip.isExpress()
                ? registers.read(TCTL) & ~NicLayout.TCTL_EN.mask() : TCTL_PSP.mask());
        registers.read(STATUS);
        port.sleep(10 * MILLI);
        if (chip.isExpress()) {
            set(EXTCNF_CTRL, EXTCNF_MDIO_SW_OWNERSHIP.mask());
            await(EXTCNF_CTRL, EXTCNF_MDIO_SW_OWNERSHIP.mask(),
                    EXTCNF_MDIO_SW_OWNERSHIP.mask(), 10, 2 * MILLI);
            set(CTRL, CTRL_RST.mask());
            registers.write(EXTCNF_CTRL,
                    registers.read(EXTCNF_CTRL) & ~EXTCNF_MDIO_SW_OWNERSHIP.mask());
            await(EECD, EECD_AUTO_RD.mask(), EECD_AUTO_RD.mask(), 10, MILLI);
            port.sleep(25 * MILLI);
        } else {
            resetConventional();
        }
        registers.write(IMC, -1);
        registers.read(ICR);
    }

    /** The reset of the older chip goes through the I/O window. */
    private void resetConventional() {
        long control = registers.read(CTRL) | CTRL_RST.mask();
        Bar window = function.bars().stream().filter(Bar::io).findFirst().orElse(null);
        if (window == null) {
            registers.write(CTRL, control);
        } else {
            function.writeRegister(window.index(), 0, 4, CTRL.offset());
            function.writeRegister(window.index(), 4, 4, control);
        }
        port.sleep(5 * MILLI);
    }

    private void set(Register register, long bits) {
        registers.write(register, registers.read(register) | bits);
    }

    private boolean await(Register register, long mask, long value, int tries, long nanos) {
        for (int i = 0; i < tries; i++) {
            if ((registers.read(register) & mask) == value) {
                return true;
            }
            port.sleep(nanos);
        }
        return false;
    }

    // ---- EEPROM --------------------------------------------------------------------------------

    /** Linux tries up to three times: the first may fail on systems with ASPM. */
    private boolean readWords() {
        for (int i = 0; i < CHECKSUM_TRIES; i++) {
            int sum = 0;
            int word = 0;
            while (word < words.length && readWord(word)) {
                sum += words[word++];
            }
            if (word == words.length && (sum & WORD) == Nvm.SUM) {
                return true;
            }
        }
        return false;
    }

    /** Waits half a second in all, as Linux does, but looks less often. */
    private boolean readWord(int index) {
        registers.write(EERD, chip.eerdAddress().with(0, index) | START);
        boolean there = await(EERD, chip.eerdDone().mask(), chip.eerdDone().mask(), 20, 5 * MICRO)
                || await(EERD, chip.eerdDone().mask(), chip.eerdDone().mask(), 500, MILLI);
        words[index] = (int) (registers.read(EERD) >>> 16 & WORD);
        return there;
    }

    // ---- PHY -----------------------------------------------------------------------------------

    private boolean knowsPhy() {
        long id = phy(PHY_READ, IDENTIFIER_2, 0);
        return id >= 0 && (id & ~REVISION) == (chip.phyIdentifier() & ~REVISION);
    }

    /** Returns what an access leaves in MDIC's data; -1 if it failed. */
    private long phy(int operation, int register, long data) {
        registers.write(MDIC, MDIC_OP.with(MDIC_PHY.with(MDIC_REGISTER.with(data, register),
                Phy.ADDRESS), operation));
        boolean ready = await(MDIC, MDIC_READY.mask(), MDIC_READY.mask(), 1920, 50 * MICRO);
        long answer = registers.read(MDIC);
        return ready && !MDIC_ERROR.isSet(answer) ? MDIC_DATA.of(answer) : -1;
    }

    /** Own address, empty tables, negotiation started; the link comes later. */
    private boolean setUp() {
        for (int i = 0; i < NicLayout.VFTA_WORDS; i++) {
            registers.write(NicLayout.VFTA + 4 * i, 0);
        }
        registers.write(NicLayout.RAL, words[0] | (long) words[1] << 16);
        registers.write(NicLayout.RAL + 4, words[2] | NicLayout.RAH_AV.mask());
        for (int i = 0; i < NicLayout.MTA_WORDS; i++) {
            registers.write(NicLayout.MTA + 4 * i, 0);
        }
        set(CTRL, NicLayout.CTRL_SLU.mask());
        long control = phy(PHY_READ, Phy.CONTROL, 0);
        return control >= 0 && phy(PHY_WRITE, Phy.CONTROL, control
                | Phy.CONTROL_NEGOTIATION.mask() | Phy.CONTROL_RESTART_NEGOTIATION.mask()) >= 0
                && phy(PHY_READ, Phy.STATUS, 0) >= 0;
    }
}

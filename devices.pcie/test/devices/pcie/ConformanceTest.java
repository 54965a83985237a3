// SPDX-License-Identifier: Apache-2.0
package devices.pcie;

import devices.pcie.ahci.AhciModel;
import devices.pcie.bmc.BmcModel;
import devices.pcie.e1000e.E1000eModel;
import devices.pcie.ehci.EhciModel;
import devices.pcie.graphics.GraphicsModel;
import devices.pcie.nvme.NvmeModel;
import devices.pcie.raid.SmartArray;
import devices.pcie.rdma.Rdma;
import devices.pcie.ringdma.RingDma;
import devices.pcie.uhci.UhciModel;
import devices.pcie.xhci.XhciModel;
import iommu.api.pcie.DeviceModel;
import iommu.testkit.FakeFunction;
import iommu.testkit.conformance.DeviceConformance;
import org.junit.jupiter.api.Nested;

/** Our own devices keep to the rules that strangers' are held to. */
class ConformanceTest {

    private static FakeFunction function(int classCode, int ids) {
        var function = new FakeFunction(0x100, classCode);
        function.writeConfig(0x00, 4, ids);
        function.writeConfig(0x3d, 1, 1); // INTA
        return function;
    }

    private abstract static class Ours extends DeviceConformance {

        private final DeviceModel model;
        private final int classCode;
        private final int ids;

        Ours(DeviceModel model, int classCode, int ids) {
            this.model = model;
            this.classCode = classCode;
            this.ids = ids;
        }

        @Override
        protected DeviceModel model() {
            return model;
        }

        @Override
        protected FakeFunction function() {
            return ConformanceTest.function(classCode, ids);
        }
    }

    @Nested
    class AhciKeepsToTheRules extends Ours {
        AhciKeepsToTheRules() {
            super(new AhciModel(), 0x010601, 0x2922_8086);
        }
    }

    @Nested
    class BmcKeepsToTheRules extends Ours {
        BmcKeepsToTheRules() {
            super(new BmcModel(), 0x088000, 0x3306_103c);
        }
    }

    @Nested
    class E1000eKeepsToTheRules extends Ours {
        E1000eKeepsToTheRules() {
            super(new E1000eModel(), 0x020000, 0x10d3_8086);
        }
    }

    @Nested
    class GraphicsKeepsToTheRules extends Ours {
        GraphicsKeepsToTheRules() {
            super(new GraphicsModel(), 0x030000, 0x5917_8086);
        }
    }

    @Nested
    class EhciKeepsToTheRules extends Ours {
        EhciKeepsToTheRules() {
            super(new EhciModel(), 0x0c0320, 0x1d26_8086);
        }
    }

    @Nested
    class NvmeKeepsToTheRules extends Ours {
        NvmeKeepsToTheRules() {
            super(new NvmeModel(), 0x010802, 0xa808_144d);
        }
    }

    @Nested
    class RaidKeepsToTheRules extends Ours {
        RaidKeepsToTheRules() {
            super(new SmartArray(), 0x010400, 0x3239_103c);
        }
    }

    @Nested
    class RdmaKeepsToTheRules extends Ours {
        RdmaKeepsToTheRules() {
            super(new Rdma(), 0x020700, 0x1017_15b3);
        }
    }

    @Nested
    class UhciKeepsToTheRules extends Ours {
        UhciKeepsToTheRules() {
            super(new UhciModel(), 0x0c0300, 0x2934_8086);
        }
    }

    @Nested
    class XhciKeepsToTheRules extends Ours {
        XhciKeepsToTheRules() {
            super(new XhciModel(), 0x0c0330, 0x9d2f_8086);
        }
    }

    @Nested
    class DisksOfTheRingEngineKeepToTheRules extends Ours {
        DisksOfTheRingEngineKeepToTheRules() {
            super(new RingDma(), 0x018000, 0x0001_ffff);
        }
    }

    @Nested
    class WiresOfTheRingEngineKeepToTheRules extends Ours {
        WiresOfTheRingEngineKeepToTheRules() {
            super(new RingDma(), 0x028000, 0x0001_ffff);
        }
    }
}

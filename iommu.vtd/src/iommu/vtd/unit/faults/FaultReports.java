// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.interrupts.InterruptRemapping;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.tables.RootPointer;
import java.util.HexFormat;

/**
 * What becomes of a blocked request: a record for software where the manual wants one, and word to
 * the listener. Source: VT-d, "Non-Recoverable Address Translation Faults".
 */
public final class FaultReports implements Refusals {

    /** Version of QEMU that tells more. */
    private static final int NEWER = 10;
    private static final String[] KEYS = new String[256];

    static {
        for (int reason = 0; reason < KEYS.length; reason++) {
            KEYS[reason] = "vtd:0x" + HexFormat.of().toHexDigits((byte) reason);
        }
    }

    private final FaultLog log;
    private final RootPointer root;
    private final boolean scalableLegacyReasons;
    private final boolean unrecordedInterrupts;
    private final boolean asNewerQemu;
    private final boolean firstStage;
    private UnitListener listener = UnitListener.NONE;

    public FaultReports(FaultLog log, RootPointer root, UnitCapabilities unit) {
        this.log = log;
        this.root = root;
        scalableLegacyReasons = unit.settings().scalableLegacyReasons();
        asNewerQemu = unit.settings().qemuVersion() >= NEWER;
        unrecordedInterrupts = unit.settings().registersAsQemu() && !asNewerQemu;
        firstStage = unit.firstStage();
    }

    public void listener(UnitListener newListener) {
        listener = newListener;
    }

    public UnitListener listener() {
        return listener;
    }

    /** Returns the number that software reads for a reason. */
    public int number(FaultReason reason) {
        return told(reason).number();
    }

    private FaultReason told(FaultReason reason) {
        if (!scalableLegacyReasons || !root.scalable()) {
            return reason;
        }
        return asNewerQemu ? LegacyReasons.ofNewer(reason, firstStage) : LegacyReasons.of(reason);
    }

    @Override
    public long blocked(Request request, long context, FaultReason reason, boolean disabled) {
        FaultReason told = told(reason);
        boolean suppressed = disabled && told.qualified();
        if (suppressed) {
            listener.suppressed(record(request.requester, request.address, request.access,
                    told.number()));
        }
        boolean recorded = !suppressed
                && log.record(request, told.number(), pasid(context));
        tell(request.requester, request.address, request.access, told.number(), recorded);
        return Translation.blocked(told.number());
    }

    @Override
    public long silently(Request request, int reason) {
        tell(request.requester, request.address, request.access, reason, false);
        return Translation.blocked(reason);
    }

    @Override
    public long denied(Request request, long page, int pageShift, int reason) {
        listener.denied(request.requester, page, pageShift);
        return silently(request, reason);
    }

    /** Blocks an interrupt message; returns the packed outcome. */
    public long blockedInterrupt(int requester, long address, long outcome) {
        int number = Interrupt.reason(outcome);
        boolean disabled = InterruptRemapping.FAULT_DISABLED.isSet(outcome)
                && FaultReason.of(number).qualified();
        boolean recorded = !disabled && !unrecordedInterrupts
                && log.recordInterrupt(RequesterId.sourceId(requester),
                        (int) InterruptRemapping.FAULT_INDEX.of(outcome), number);
        tell(requester, address, Access.WRITE, number, recorded);
        return Interrupt.blocked(number);
    }

    private int pasid(long context) {
        if (context >= 0) {
            return FaultLog.PASID_UNKNOWN;
        }
        return root.scalable() ? (int) ContextTag.PASID.of(context) : FaultLog.PASID_NONE;
    }

    private void tell(int requester, long address, int access, int reason, boolean recorded) {
        listener.blocked(record(requester, address, access, reason), recorded);
    }

    /** Returns a reason in words. */
    public static FaultRecord record(int requester, long address, int access, int reason) {
        return switch (reason) {
            case ProtectedMemory.REASON -> new FaultRecord(requester, address, access, reason,
                    "vtd:protected", "Protected memory region");
            case Refusals.TRANSLATION_OFF -> new FaultRecord(requester, address, access, reason,
                    "vtd:translated", "Translated request while translation is off");
            default -> new FaultRecord(requester, address, access, reason, KEYS[reason & 0xff],
                    FaultReason.text(reason));
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
private import CBLAS

/// Which build of the fused kernels a CPU runs. Both answer with the same bits.
package enum FusedCPU: String, Sendable, CaseIterable {
    /// Neither: the plain kernel, or BLAS.
    case none = "plain"
    /// AVX2 and FMA.
    case fused
    /// AVX-512.
    case wide

    /// The best of this CPU, asked once.
    package static let best: FusedCPU =
        modeld_cblas_has_wide() != 0 ? .wide : modeld_cblas_has_fma() != 0 ? .fused : .none

    /// Whether this CPU runs it.
    package var isPresent: Bool {
        switch self {
        case .none: true
        case .fused: FusedCPU.best != .none
        case .wide: FusedCPU.best == .wide
        }
    }
}

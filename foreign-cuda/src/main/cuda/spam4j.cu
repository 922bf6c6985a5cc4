// All kernels as one module.
#include "amsgrad.cu"
#include "decide.cu"
#include "measure.cu"
#include "moments.cu"
#include "update.cu"
